/* A PJRT plugin for two cards that compute nothing: what is told of them, and what part of their 80 GB is taken.
   FULL: another program has taken their memory. Build: cc -shared -fPIC -o card.so fake_card.c */
#include <stdint.h>
#include <string.h>

/* A field of a call's arguments, by its offset. */
#define AT(type, args, offset) (*(type *)((char *)(args) + (offset)))

static int error, client, devices[2];
static void *device_list[2] = {&devices[0], &devices[1]};
static double fraction = 0.75;
static const char *complaint;
static int complaint_code;

static void *fail(int code, const char *words) {
  complaint_code = code;
  complaint = words;
  return &error;
}

static void text(void *args, int offset, const char *words) {
  AT(const char *, args, offset) = words;
  AT(size_t, args, offset + 8) = strlen(words);
}

static void *nothing(void *args) { return NULL; }

static void *error_message(void *args) {
  text(args, 24, complaint);
  return NULL;
}

static void *error_code(void *args) {
  AT(int32_t, args, 24) = complaint_code;
  return NULL;
}

static void *client_create(void *args) {
#ifdef FULL
  return fail(8, "CUDA_ERROR_OUT_OF_MEMORY");
#endif
  void *option = AT(void *, args, 16);
  fraction = 0.75;
  if (AT(size_t, args, 24) == 1) {
    const char *name = AT(const char *, option, 16);
    if (AT(size_t, option, 24) != 15 || memcmp(name, "memory_fraction", 15)) return fail(3, "Unexpected option");
    if (AT(int32_t, option, 32) != 3 || AT(size_t, option, 48) != 1) return fail(3, "Expected a float");
    fraction = AT(float, option, 40);
  }
  AT(void *, args, 64) = &client;
  return NULL;
}

static void *platform_name(void *args) {
  text(args, 24, "CUDA");
  return NULL;
}

static void *client_devices(void *args) {
  AT(void **, args, 24) = device_list;
  AT(size_t, args, 32) = 2;
  return NULL;
}

static void *describe(void *args) {
  AT(void *, args, 24) = AT(void *, args, 16);
  return NULL;
}

static void *id(void *args) {
  AT(int32_t, args, 24) = AT(void *, args, 16) == &devices[1];
  return NULL;
}

static void *kind(void *args) {
  text(args, 24, "Fake Card");
  return NULL;
}

static void *memory(void *args) {
  AT(int64_t, args, 24) = 1000;
  AT(int64_t, args, 80) = 80e9 * fraction;
  AT(char, args, 88) = 1;
  return NULL;
}

static struct {
  size_t size;
  void *extensions;
  size_t version_size;
  void *version_extensions;
  int32_t major, minor;
  void *(*functions[120])(void *);
} table = {.size = sizeof table, .major = 0, .minor = 115};

/* Offsets are those of plugins/engines/xla/pjrt/structs.ts. */
static void set(int offset, void *(*function)(void *)) { table.functions[(offset - 40) / 8] = function; }

const void *GetPjrtApi(void) {
  for (int i = 0; i < 120; i++) table.functions[i] = nothing;
  set(48, error_message);
  set(56, error_code);
  set(120, client_create);
  set(136, platform_name);
  set(152, platform_name);
  set(168, client_devices);
  set(224, id);
  set(248, kind);
  set(272, describe);
  set(312, memory);
  return &table;
}
