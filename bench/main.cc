// main.cc: registers every workload on every input, ours on every kernel row that runs here, and checks their answers.
//   bench CORPUS [--benchmark_...]
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <new>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <cte/base64.h>
#include <cte/isa.h>

#include "workload.h"

#define PEER(name) extern "C" const struct workload name##_workloads[];
#include "peers.inc"
#undef PEER

namespace {

// Every buffer begins at a page, and output half a page further: so one run's figures are not the luck of its addresses. (Where
// loads have the last twelve bits of the stores before them a CPU takes them for the same: text is copied half as fast.)
template <class T> struct aligned {
  using value_type = T;
  static constexpr std::align_val_t page{4096};
  T *allocate(size_t n) {
    return static_cast<T *>(::operator new(n * sizeof(T), page));
  }
  void deallocate(T *p, size_t) {
    ::operator delete(p, page);
  }
  bool operator==(const aligned &) const {
    return true;
  }
  bool operator!=(const aligned &) const {
    return false;
  }
};

using octets = std::vector<uint8_t, aligned<uint8_t>>;

struct corpus {
  std::string name;
  octets data;
  size_t decoded; // the octets that a rate counts
};

const workload *const tables[] = {
    base64_workloads, qp_workloads, lines_workloads, dots_workloads, stream_workloads,
#define PEER(name) name##_workloads,
#include "peers.inc"
#undef PEER
};

std::vector<corpus> inputs[INPUTS];
octets output;
uint8_t *room;
size_t room_size;

octets read_file(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  octets data{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!data.empty()) return data;
  std::fprintf(stderr, "bench: cannot read %s (made by script/corpus)\n", path.c_str());
  std::exit(1);
}

// The same text with a CRLF in each line that is over 998.
octets cut(const octets &text) {
  octets lines;
  size_t column = 0;
  for (uint8_t c : text) {
    if (column == 998 && c != '\r' && c != '\n') {
      lines.insert(lines.end(), {'\r', '\n'});
      column = 0;
    }
    lines.push_back(c);
    column = c == '\n' ? 0 : c == '\r' ? column : column + 1;
  }
  return lines;
}

octets base64(const octets &data, const cte_base64_encode_options &options) {
  octets text(cte_base64_encoded_size(data.size(), &options));
  cte_base64_encode(data.data(), data.size(), text.data(), text.size(), &options);
  return text;
}

void load_lines(const octets &data64k, const octets &data1m, std::mt19937_64 &noise) {
  for (uint64_t columns : {60, 64, 72, 75, 76}) {
    for (uint8_t end : {CTE_LINE_END_CRLF, CTE_LINE_END_LF}) {
      std::string name = "64K " + std::to_string(columns) + (end == CTE_LINE_END_CRLF ? " CRLF" : " LF");
      octets text = base64(data64k, {columns, end, CTE_BASE64_LAST_LINE_END, CTE_BASE64_STANDARD, CTE_BASE64_PADDED, {0}});
      inputs[ON_LINES].push_back({name, text, data64k.size()});
    }
  }
  auto add = [](const char *name, const octets &data, const std::string &end, const std::function<size_t(size_t)> &width) {
    octets flat = base64(data, CTE_BASE64_ENCODE_FLAT), text;
    size_t line = 0;
    for (auto at = flat.begin(); at != flat.end(); line++) {
      auto next = at + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(width(line)), flat.end() - at);
      text.insert(text.end(), at, next);
      text.insert(text.end(), end.begin(), end.end());
      at = next;
    }
    inputs[ON_LINES].push_back({name, text, data.size()});
  };
  add("64K 76, the first 33", data64k, "\r\n", [](size_t line) { return line == 0 ? 33 : 76; });
  add("64K 76 and a blank", data64k, " \r\n", [](size_t) { return 76; });
  add("64K 76 and 72 in turn", data64k, "\r\n", [](size_t line) { return line % 2 == 0 ? 76 : 72; });
  add("1M 48-76", data1m, "\r\n", [&noise](size_t) { return 48 + noise() % 29; });
}

void load_sizes() {
  const struct {
    const char *name;
    size_t n;
  } sizes[] = {{"57", 57},        {"114", 114},    {"570", 570},     {"1024", 1024},
               {"64K", 64 << 10}, {"1M", 1 << 20}, {"16M", 16 << 20}};
  std::mt19937_64 noise(1);
  for (auto [name, n] : sizes) {
    octets data(n);
    for (auto &octet : data) octet = static_cast<uint8_t>(noise());
    inputs[ON_SIZES].push_back({name, std::move(data), n});
  }
  inputs[ON_64K] = {inputs[ON_SIZES][4]};
  load_lines(inputs[ON_SIZES][4].data, inputs[ON_SIZES][5].data, noise);
}

void load_texts(const std::string &folder) {
  for (std::string name : {"a", "b", "c", "d", "e"}) {
    octets text = read_file(folder + "/" + name + ".crlf");
    inputs[ON_TEXTS].push_back({name, text, text.size()});
    if (name == "e") continue;
    inputs[ON_PROSE].push_back(inputs[ON_TEXTS].back());
    octets lines = cut(text);
    inputs[name == "a" ? ON_7BIT : ON_8BIT].push_back({name, lines, lines.size()});
    octets lf = read_file(folder + "/" + name + ".lf");
    inputs[ON_LF_PROSE].push_back({name, lf, lf.size()});
    text.resize(64 << 10);
    inputs[ON_64K_TEXT].push_back({"64K " + name, text, text.size()});
  }
}

// The input of a workload; each is made once.
const octets &prepared(const workload &w, const corpus &c) {
  static std::map<std::pair<workload_run *, std::string>, octets> made;
  if (w.prepare == nullptr) return c.data;
  octets &input = made[{w.prepare, c.name}];
  if (input.empty()) {
    size_t n = w.prepare(c.data.data(), c.data.size(), room, room_size);
    input.assign(room, room + n);
  }
  return input;
}

void run(benchmark::State &state, const workload &w, const char *row, const octets &input, size_t decoded) {
  if (row != nullptr && cte_isa_select(row) != CTE_OK) state.SkipWithError("the row does not run here");
  for (auto _ : state) {
    benchmark::DoNotOptimize(w.run(input.data(), input.size(), room, room_size));
    benchmark::ClobberMemory();
  }
  auto gigabytes = static_cast<double>(state.iterations()) * static_cast<double>(decoded) / 1e9;
  state.counters["GB/s"] = benchmark::Counter(gigabytes, benchmark::Counter::kIsRate);
}

size_t copy(const uint8_t *src, size_t n, uint8_t *dst, size_t) {
  std::memcpy(dst, src, n);
  return n;
}

const workload memcpy_on[] = {{"memcpy", "libc", copy, nullptr, ON_SIZES, SAME_OCTETS},
                              {"memcpy", "libc", copy, nullptr, ON_TEXTS, SAME_OCTETS}};

// Whether a workload answers as the first one of its codec did.
bool right(const workload &w, const corpus &c, const octets &input) {
  static std::map<std::string, std::pair<size_t, octets>> answers;
  if (w.answer == OWN_FORM) return true;
  size_t size = w.run(input.data(), input.size(), room, room_size);
  octets written;
  if (w.answer == SAME_OCTETS) written.assign(room, room + size);
  auto answer = std::pair{size, std::move(written)};
  return answers.try_emplace(std::string(w.codec) + "/" + c.name, answer).first->second == answer;
}

// "cte in one chunk" on row avx2 is "cte avx2 in one chunk".
std::string title(const workload &w, const char *row) {
  std::string program = w.program;
  return row != nullptr ? program.insert(3, std::string(" ") + row) : program;
}

bool add(const workload &w, const char *row) {
  for (const corpus &c : inputs[w.inputs]) {
    const octets &input = prepared(w, c);
    if (row != nullptr) cte_isa_select(row);
    std::string name = std::string(w.codec) + "/" + title(w, row) + "/" + c.name;
    if (!right(w, c, input)) {
      std::fprintf(stderr, "bench: %s gives a wrong answer\n", name.c_str());
      return false;
    }
    size_t decoded = c.decoded;
    benchmark::RegisterBenchmark(
        name.c_str(), [&w, row, &input, decoded](benchmark::State &state) { run(state, w, row, input, decoded); });
  }
  return true;
}

// On each row that runs here.
bool add_ours(const workload &w) {
  bool all_right = true;
  int usable;
  for (size_t i = 0; const char *row = cte_isa_list(i, &usable); i++) {
    if (usable) all_right &= add(w, row);
  }
  return all_right;
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench CORPUS [--benchmark_...]\n");
    return 2;
  }
  load_sizes();
  load_texts(argv[1]);
  room_size = size_t{64} << 20;
  output.resize(room_size + 2048);
  room = output.data() + 2048;
  for (const workload &w : memcpy_on) add(w, nullptr);
  bool all_right = true;
  for (const workload *table : tables) {
    for (const workload *w = table; w->codec != nullptr; w++) {
      all_right &= std::strncmp(w->program, "cte", 3) == 0 ? add_ours(*w) : add(*w, nullptr);
    }
  }
  if (!all_right) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
