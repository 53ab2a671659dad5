/* A driver made for a test: two GPUs, and the ways in which real ones fail, chosen by FAKE_CUDA. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is(const char *word) {
  const char *mode = getenv("FAKE_CUDA");
  return mode && strcmp(mode, word) == 0;
}

int cuDriverGetVersion(int *version) { *version = 12080; return 0; }

/* As the real one: what CUDA_VISIBLE_DEVICES does not name is not there; here it knows no device but 1. */
static int visible(void) {
  const char *named = getenv("CUDA_VISIBLE_DEVICES");
  return !named ? 2 : strcmp(named, "1") == 0 ? 1 : 0;
}

int cuInit(unsigned int flags) {
  if (is("hang")) sleep(60);
  if (is("crash")) abort();
  return is("mismatch") ? 803 : visible() ? 0 : 100;
}

int cuDeviceGetCount(int *count) { *count = visible(); return 0; }
int cuDeviceGet(int *device, int index) { *device = index; return 0; }

int cuDeviceGetName(char *name, int length, int device) {
  strncpy(name, device ? "NVIDIA B300" : "NVIDIA GeForce RTX 4090", length);
  return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (size_t)24 << 30; return 0; }

int cuDeviceGetAttribute(int *value, int attribute, int device) {
  if (attribute == 75) *value = device ? 10 : 8;
  if (attribute == 76) *value = device ? 3 : 9;
  if (attribute == 20) *value = 0;
  return 0;
}
