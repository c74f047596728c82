/* Latencies in a log-linear histogram: 64 steps per power of two, so each figure is right to 1.6 %. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>
#include <string.h>

#define HISTOGRAM_STEPS 64
#define HISTOGRAM_SIZE (HISTOGRAM_STEPS * 40)

struct histogram {
  uint64_t counts[HISTOGRAM_SIZE];
  uint64_t total;
  uint64_t max_ns;
};

static inline void histogram_clear(struct histogram *h) { memset(h, 0, sizeof *h); }

static inline void histogram_add(struct histogram *h, uint64_t ns) {
  unsigned slot = (unsigned)ns;
  if (ns >= HISTOGRAM_STEPS) {
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - 6u;
    slot = (shift + 1) * HISTOGRAM_STEPS + (unsigned)((ns >> shift) - HISTOGRAM_STEPS);
    if (slot >= HISTOGRAM_SIZE) slot = HISTOGRAM_SIZE - 1;
  }
  h->counts[slot]++;
  h->total++;
  if (ns > h->max_ns) h->max_ns = ns;
}

/* The latency that the given share (0..1) of all stays within, in microseconds. */
static inline double histogram_quantile_us(const struct histogram *h, double share) {
  uint64_t wanted = (uint64_t)(share * (double)h->total), seen = 0;
  for (unsigned slot = 0; slot < HISTOGRAM_SIZE; slot++) {
    seen += h->counts[slot];
    if (seen <= wanted && seen != h->total) continue;
    if (slot < HISTOGRAM_STEPS) return slot / 1000.0;
    unsigned shift = slot / HISTOGRAM_STEPS - 1;
    return (double)((uint64_t)(slot % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << shift) / 1000.0;
  }
  return 0;
}

#endif
