#include "cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CASE_TIMEOUT_S = 180, DETAIL_SIZE = 1024 };

static jmp_buf case_end;
static char detail[DETAIL_SIZE];
static const char* status;
static int case_count;

static void print_text(const char* text) {
  putchar('"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      printf("\\%c", *text);
    else if ((unsigned char)*text < ' ')
      printf("\\u%04x", *text);
    else
      putchar(*text);
  }
  putchar('"');
}

void run_case(const char* name, void (*body)(void)) {
  status = "passed";
  detail[0] = '\0';
  fprintf(stderr, "%s\n", name);
  alarm(CASE_TIMEOUT_S); /* its signal ends the process, which the harness reports */
  if (setjmp(case_end) == 0) body();
  alarm(0);
  case_count++;
  printf("{\"case\":");
  print_text(name);
  printf(",\"status\":\"%s\",\"detail\":", status);
  print_text(detail);
  printf("}\n");
  fflush(stdout);
}

void check(int holds, const char* format, ...) {
  va_list values;
  if (holds) return;
  va_start(values, format);
  vsnprintf(detail, sizeof detail, format, values);
  va_end(values);
  status = "failed";
  longjmp(case_end, 1);
}

void check_int(long long expected, long long found, const char* what) {
  check(expected == found, "%s: expected %lld, found %lld", what, expected, found);
}

void check_text(const char* expected, const char* found, const char* what) {
  check(strcmp(expected, found) == 0, "%s: expected %s, found %s", what, expected, found);
}

void skip_case(const char* reason) {
  snprintf(detail, sizeof detail, "%s", reason);
  status = "skipped";
  longjmp(case_end, 1);
}

void ask(const char* what) {
  char answer[64] = "";
  const char* harness = getenv("INTEROP_HARNESS");
  if (harness == NULL || strcmp(harness, "1") != 0) skip_case("nobody there who could do that to the server");
  printf("{\"ask\":\"%s\"}\n", what);
  fflush(stdout);
  check(fgets(answer, sizeof answer, stdin) != NULL, "no answer to %s", what);
  check_text("done\n", answer, what);
}

void end_cases(void) {
  printf("{\"end\":%d}\n", case_count);
  fflush(stdout);
}
