/* clashes.c: see clashes.h. */
#include "clashes.h"

#include "options.h"
#include "paths.h"
#include "system.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct file {
  dev_t device;
  ino_t number; /* 0: it has none (Windows) */
};

static struct file file_of(const struct stat *status) {
  return (struct file){status->st_dev, status->st_ino};
}

static int compare_files(const void *a, const void *b) {
  const struct file *left = a, *right = b;
  if (left->device != right->device) return left->device < right->device ? -1 : 1;
  return (left->number > right->number) - (left->number < right->number);
}

/* ---- By their names, before any job ---- */

/*
 * A file of a job: a folder, which may have many paths (bind mounts), and the name there. A file system may take two names for
 * the same: a file that is there without hard links is itself. So is, through any link, a FIFO or a device that is written to.
 */
struct place {
  const struct job *job;
  char *path;
  struct file folder; /* or the file itself; zeros where there is none */
  const char *name;   /* in `path`, or none of the file itself; all of it when the folder has no number */
  bool is_input;
};

/* No name in a folder is one of these. */
static const char FILE_ITSELF[] = "", CHARACTER_DEVICE[] = "/c", BLOCK_DEVICE[] = "/b";

/* False where the file, which is there, is to go by its name. A device may have many nodes. */
static bool is_itself(struct place *place, const struct stat *status, bool follow) {
  mode_t mode = status->st_mode;
  bool itself = S_ISREG(mode) ? status->st_nlink == 1 : follow && !S_ISDIR(mode);
  if (!itself || status->st_ino == 0) return false;
  bool is_device = S_ISCHR(mode) || S_ISBLK(mode);
  place->folder = is_device ? (struct file){status->st_rdev, 0} : file_of(status);
  place->name = S_ISCHR(mode) ? CHARACTER_DEVICE : S_ISBLK(mode) ? BLOCK_DEVICE : FILE_ITSELF;
  return true;
}

static struct place make_place(const struct job *job, const char *name, bool follow, bool is_input) {
  struct place place = {.job = job, .path = system_path(name, follow), .is_input = is_input};
  if (place.path == NULL) place.path = copy_of(name);
  place.name = place.path;
  struct stat status;
  bool is_link = !follow && system_is_link(name);
  if (!is_link && is_found(name, stat(name, &status)) && is_itself(&place, &status, follow)) return place;
  char *folder = folder_of(place.path);
  if (is_found(name, stat(folder, &status)) && status.st_ino != 0) {
    place.folder = file_of(&status);
    place.name = system_file_name(place.path);
  }
  free(folder);
  return place;
}

static int compare_places(const struct place *a, const struct place *b) {
  int order = compare_files(&a->folder, &b->folder);
  return order != 0 ? order : strcmp(a->name, b->name);
}

/* Outputs before inputs. */
static int by_place(const void *a, const void *b) {
  const struct place *left = a, *right = b;
  int order = compare_places(left, right);
  return order != 0 ? order : (int)left->is_input - (int)right->is_input;
}

/* No file is the output of two jobs, or of one and the input of another, which may be read later. */
static void look_for_clashes(const struct place *places, size_t count) {
  const struct place *first = places; /* of those that are one file */
  for (size_t i = 1; i < count; i++) {
    const struct place *place = &places[i];
    if (compare_places(first, place) != 0) first = place;
    if (first->is_input || first->job == place->job) continue;
    complain_of(first->job->output,
                place->is_input ? "this output is another input" : "more than one input has this output");
    usage_error();
  }
}

/* An input is the file that it leads to, and the link that leads there. */
enum { PLACES = 3 };

void refuse_clashes(const struct job *jobs, size_t count) {
  struct place *places = allocate(PLACES * count * sizeof *places);
  for (size_t i = 0; i < count; i++) {
    const struct job *job = &jobs[i];
    struct place *place = &places[PLACES * i];
    place[0] = make_place(job, job->output, job->follow, false);
    place[1] = make_place(job, job->input, true, true);
    place[2] = make_place(job, job->input, false, true);
  }
  qsort(places, PLACES * count, sizeof *places, by_place);
  look_for_clashes(places, PLACES * count);
  for (size_t i = 0; i < PLACES * count; i++) free(places[i].path);
  free(places);
}

/* ---- By what is there, at each job ---- */

struct output {
  struct file file;
  char *path;
};

static void *written; /* a tree of tsearch: the outputs that were made */

static int compare_outputs(const void *a, const void *b) {
  const struct output *left = a, *right = b;
  return compare_files(&left->file, &right->file);
}

/* Where another process took an output away, its number may be another file's by now. */
static bool was_written(const struct stat *status) {
  const struct output key = {file_of(status), NULL};
  struct output *const *found = tfind(&key, &written, compare_outputs);
  struct stat there;
  if (key.file.number == 0 || found == NULL) return false;
  return is_found((*found)->path, stat((*found)->path, &there)) && is_same_file(&there, status);
}

static void drop(struct output *output) {
  free(output->path);
  free(output);
}

void note_written(const struct stat *status, const char *path) {
  struct output *output = allocate(sizeof *output);
  *output = (struct output){file_of(status), copy_of(path)};
  struct output **found = tsearch(output, &written, compare_outputs);
  if (found == NULL) {
    memory_exhausted();
  } else if (*found != output) { /* another process took that one away */
    drop(*found);
    *found = output;
  }
}

/* The number is free for another file. */
void forget_written(const struct stat *status) {
  const struct output key = {file_of(status), NULL};
  struct output **found = tfind(&key, &written, compare_outputs);
  if (found == NULL) return;
  struct output *output = *found;
  tdelete(&key, &written, compare_outputs);
  drop(output);
}

/*
 * Whether `output`, by which the source's file is there, is its descriptor's number: then the file is not there any more when
 * the source has another one. If it still is, another process gave it that name.
 */
static bool is_its_descriptor(struct source *source, const char *output) {
  struct stat there;
  if (!source_renumber(source)) return true;
  return !is_found(output, stat(output, &there)) || !is_same_file(&there, &source->status);
}

bool is_clash(struct source *source, const char *output, bool follow, bool existed) {
  struct stat there;
  bool replaces = output != NULL && (follow || !system_is_link(output)) && is_found(output, stat(output, &there));
  if (was_written(&source->status))
    complain_of(source->name, "this input is the output of another");
  else if (replaces && was_written(&there))
    complain_of(output, "more than one input has this output");
  else if (replaces && !existed && is_same_file(&there, &source->status) && is_its_descriptor(source, output))
    complain_of(output, "%s", strerror(EBADF));
  else
    return false;
  return true;
}
