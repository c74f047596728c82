/* What the servers and this program use between two moments: CPU time, bytes written to the disk, flushes. */
#ifndef METER_H
#define METER_H

#include "workload.h"

/* Prepares what takes time to prepare. */
void meter_open(const struct options *options);
void meter_start(const struct options *options, struct result *result);
void meter_stop(const struct options *options, struct result *result);

#endif
