/* Runs cases one by one and prints the results as the harness reads them: one JSON object a line. */
#ifndef INTEROP_CASES_H
#define INTEROP_CASES_H

/* Runs a case. It ends at the first check that does not hold; the process ends if it takes longer than a minute. */
void run_case(const char* name, void (*body)(void));

/* Ends the case as failed unless the condition holds; the text is a printf format. */
void check(int holds, const char* format, ...) __attribute__((format(printf, 2, 3)));
void check_int(long long expected, long long found, const char* what);
void check_text(const char* expected, const char* found, const char* what);

/* Ends the case as skipped. */
void skip_case(const char* reason);

/* Has the harness do something to the server: kill, start, restart (kill -9 and start), stop. */
void ask(const char* what);

/* Prints the closing line. */
void end_cases(void);

#endif
