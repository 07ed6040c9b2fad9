/* What is asked of NVIDIA's driver, as a machine with two cards would answer; one of them is hidden by
   CUDA_VISIBLE_DEVICES=0. Build: cc -shared -fPIC -o libcuda.so.1 fake_cuda.c */
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, INVALID_VALUE = 1, NOT_INITIALIZED = 3, NO_DEVICE = 100 };

static int initialized = 0;

static int cards(void) {
  const char *visible = getenv("CUDA_VISIBLE_DEVICES");
  if (!visible) return 2;
  return strcmp(visible, "0") == 0 ? 1 : 0;
}

int cuInit(unsigned flags) {
  if (flags != 0) return INVALID_VALUE;
  if (cards() == 0) return NO_DEVICE;
  initialized = 1;
  return SUCCESS;
}

int cuDriverGetVersion(int *version) {
  *version = 13020;
  return SUCCESS;
}

int cuDeviceGetCount(int *count) {
  *count = cards();
  return initialized ? SUCCESS : NOT_INITIALIZED;
}

int cuDeviceGet(int *device, int ordinal) {
  *device = 40 + ordinal; /* a handle, no number */
  return initialized && ordinal < cards() ? SUCCESS : INVALID_VALUE;
}

int cuDeviceGetName(char *name, int length, int device) {
  strncpy(name, device == 40 ? "First card" : "Second card", length);
  return device == 40 || device == 41 ? SUCCESS : INVALID_VALUE;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
  *bytes = device == 40 ? 25300000000ul : 85000000000ul;
  return SUCCESS;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
  if (attribute != 75 && attribute != 76) return INVALID_VALUE;
  *value = attribute == 75 ? (device == 40 ? 8 : 9) : (device == 40 ? 6 : 0);
  return SUCCESS;
}

int cuGetErrorName(int error, const char **name) {
  *name = error == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : NULL;
  return *name ? SUCCESS : INVALID_VALUE;
}
