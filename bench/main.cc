// main.cc: registers every workload on every input, ours on every kernel row that runs here, and checks their answers.
//   bench CORPUS [--benchmark_...]
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <cte/isa.h>

#include "workload.h"

#define PEER(name) extern "C" const struct workload name##_workloads[];
#include "peers.inc"
#undef PEER

namespace {

using octets = std::vector<uint8_t>;

struct corpus {
  std::string name;
  octets data;
};

const workload *const tables[] = {
    base64_workloads,
    qp_workloads,
    lines_workloads,
    dots_workloads,
#define PEER(name) name##_workloads,
#include "peers.inc"
#undef PEER
};

std::vector<corpus> sizes, texts, prose, eight_bit;
octets room;

octets read_file(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  octets data{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!data.empty()) return data;
  std::fprintf(stderr, "bench: cannot read %s (made by script/corpus)\n", path.c_str());
  std::exit(1);
}

void load(const std::string &folder) {
  std::mt19937_64 noise(1);
  for (auto [name, n] : {std::pair<const char *, size_t>{"64K", 64 << 10}, {"1M", 1 << 20}, {"16M", 16 << 20}}) {
    octets data(n);
    for (auto &octet : data) octet = static_cast<uint8_t>(noise());
    sizes.push_back({name, std::move(data)});
  }
  for (const char *name : {"a", "b", "c", "d", "e"}) texts.push_back({name, read_file(folder + "/" + name + ".crlf")});
  prose.assign(texts.begin(), texts.end() - 1);
  eight_bit.assign(texts.begin(), texts.begin() + 2);
  room.resize((size_t{64} << 20) + 4096);
}

const std::vector<corpus> &inputs_of(const workload &w) {
  const std::vector<corpus> *const inputs[] = {&sizes, &texts, &prose, &eight_bit}; // by enum workload_inputs
  return *inputs[w.inputs];
}

// The input of a workload; each is made once.
const octets &prepared(const workload &w, const corpus &c) {
  static std::map<std::pair<workload_run *, std::string>, octets> made;
  if (w.prepare == nullptr) return c.data;
  octets &input = made[{w.prepare, c.name}];
  if (input.empty()) {
    size_t n = w.prepare(c.data.data(), c.data.size(), room.data(), room.size());
    input.assign(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(n));
  }
  return input;
}

void run(benchmark::State &state, const workload &w, const char *row, const octets &input, size_t decoded) {
  if (row != nullptr && cte_isa_select(row) != CTE_OK) state.SkipWithError("the row does not run here");
  for (auto _ : state) {
    benchmark::DoNotOptimize(w.run(input.data(), input.size(), room.data(), room.size()));
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
  size_t size = w.run(input.data(), input.size(), room.data(), room.size());
  octets written;
  if (w.answer == SAME_OCTETS) written.assign(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size));
  auto answer = std::pair{size, std::move(written)};
  return answers.try_emplace(std::string(w.codec) + "/" + c.name, answer).first->second == answer;
}

bool add(const workload &w, const char *row) {
  for (const corpus &c : inputs_of(w)) {
    const octets &input = prepared(w, c);
    if (row != nullptr) cte_isa_select(row);
    std::string name = std::string(w.codec) + "/" + w.program + (row ? std::string(" ") + row : "") + "/" + c.name;
    if (!right(w, c, input)) {
      std::fprintf(stderr, "bench: %s gives a wrong answer\n", name.c_str());
      return false;
    }
    size_t decoded = c.data.size();
    benchmark::RegisterBenchmark(
        name.c_str(), [&w, row, &input, decoded](benchmark::State &state) { run(state, w, row, input, decoded); });
  }
  return true;
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench CORPUS [--benchmark_...]\n");
    return 2;
  }
  load(argv[1]);
  for (const workload &w : memcpy_on) add(w, nullptr);
  bool all_right = true;
  for (const workload *table : tables) {
    for (const workload *w = table; w->codec != nullptr; w++) {
      if (std::strcmp(w->program, "cte") != 0) {
        all_right &= add(*w, nullptr);
        continue;
      }
      int usable;
      for (size_t i = 0; const char *row = cte_isa_list(i, &usable); i++) {
        if (usable) all_right &= add(*w, row);
      }
    }
  }
  if (!all_right) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
