package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"time"
)

const caseTimeout = 180 * time.Second

// cases runs cases one by one, each with a deadline, and prints the results as the harness reads them: one JSON object a line.
type cases struct {
	count  int
	canAsk bool
	in     *bufio.Reader
}

// mismatch is what check and friends panic with; a case ends there and has failed.
type mismatch string

// skipped is what a case panics with that cannot be tried.
type skipped string

func newCases() *cases {
	return &cases{canAsk: os.Getenv("INTEROP_HARNESS") == "1", in: bufio.NewReader(os.Stdin)}
}

func (c *cases) run(name string, body func()) {
	type outcome struct{ status, detail string }
	done := make(chan outcome, 1)
	started := time.Now()
	go func() {
		defer func() {
			switch thrown := recover().(type) {
			case nil:
				done <- outcome{"passed", ""}
			case skipped:
				done <- outcome{"skipped", string(thrown)}
			default:
				fmt.Fprintf(os.Stderr, "%v\n%s\n", thrown, debug.Stack())
				done <- outcome{"failed", fmt.Sprint(thrown)}
			}
		}()
		body()
	}()
	var result outcome
	select {
	case result = <-done:
	case <-time.After(caseTimeout):
		result = outcome{"failed", fmt.Sprintf("not done after %v", caseTimeout)}
	}
	fmt.Fprintf(os.Stderr, "%v: %s: %s\n", time.Since(started).Round(time.Millisecond), name, result.status)
	c.count++
	c.print(map[string]any{"case": name, "status": result.status, "detail": result.detail})
}

// ask has the harness do something to the server: kill, start, restart (kill -9 and start), stop.
func (c *cases) ask(what string) {
	if !c.canAsk {
		panic(skipped("nobody there who could " + what + " the server"))
	}
	c.print(map[string]any{"ask": what})
	answer, _ := c.in.ReadString('\n')
	equal("done\n", answer, "answer to "+what)
}

func (c *cases) end() {
	c.print(map[string]any{"end": c.count})
}

func (c *cases) print(value map[string]any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(append(line, '\n'))
}

func check(holds bool, format string, values ...any) {
	if !holds {
		panic(mismatch(fmt.Sprintf(format, values...)))
	}
}

func equal(expected, found any, what string) {
	check(reflect.DeepEqual(expected, found), "%s: expected %v, found %v", what, expected, found)
}

// must ends the case if a call failed.
func must(err error) {
	if err != nil {
		panic(mismatch("unexpected error: " + err.Error()))
	}
}

// value returns the first result of a call that must not fail.
func value[T any](result T, err error) T {
	must(err)
	return result
}

// eventually polls until the condition holds.
func eventually(what string, condition func() bool) {
	for end := time.Now().Add(60 * time.Second); !condition(); {
		check(time.Now().Before(end), "waited 20 s in vain for %s", what)
		time.Sleep(10 * time.Millisecond)
	}
}
