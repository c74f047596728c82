/* The nodes that the workloads find: made before, taken away after. */
#ifndef TREE_H
#define TREE_H

#include "requests.h"

#define LOCKS ROOT "/locks"
enum { CHILD_NAME_LENGTH = 6 }; /* c00000 */

/* Path of the node with so many children; returns its length. */
int parent_path(char *path, int children);

/* Makes what the workload needs; nodes that are there get their data again. */
void make_tree(struct choice *choice, struct connection *c);

/* Deletes what the workload create made, so that the next run finds the same tree. */
void delete_created(struct connection *c, const struct sender *sender);

#endif
