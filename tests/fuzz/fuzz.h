/* What every target defines; libFuzzer or replay.c calls it. Returns 0. */
#ifndef MOK_FUZZ_H
#define MOK_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
