// Checks a recorded history for linearizability with porcupine: registers with versions, and counters that number sequential
// znodes. `checker [--sync-reads] FILE`, a JSON object a line; exit code 0 if the history is linearizable, 1 if not, 2 if it could not be told.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

const timeout = 120 * time.Second

type input struct {
	Client int    `json:"client"`
	Key    string `json:"key"`
	// write: unconditionally; cas: if the version is Expected; read: after a write of the same session, or after sync; create: takes a number.
	Kind     string `json:"kind"`
	Value    int    `json:"value"`
	Expected int    `json:"expected"`
	IsSync   bool   `json:"isSync"`
	CallUs   int64  `json:"callUs"`
}

type output struct {
	// done: as answered; refused: the version was another; unknown: no answer came.
	Outcome  string `json:"outcome"`
	Value    int    `json:"readValue"`
	Version  int    `json:"version"`
	ReturnUs int64  `json:"returnUs"`
}

type entry struct {
	input
	output
}

type state struct {
	value   int
	version int
}

var model = porcupine.Model{
	Init: func() interface{} { return state{} },
	Step: func(s, in, out interface{}) (bool, interface{}) {
		before, asked, got := s.(state), in.(input), out.(output)
		switch asked.Kind {
		case "read":
			return got.Value == before.value && got.Version == before.version, before
		case "create":
			return got.Outcome == "unknown" || got.Version == before.version, state{0, before.version + 1}
		case "cas":
			matches := asked.Expected == before.version
			if got.Outcome == "refused" {
				return !matches, before
			}
			if !matches {
				return got.Outcome == "unknown", before
			}
		}
		after := state{asked.Value, before.version + 1}
		return got.Outcome == "unknown" || got.Version == after.version, after
	},
	DescribeOperation: func(in, out interface{}) string {
		asked, got := in.(input), out.(output)
		return fmt.Sprintf("%s value %d expected %d -> %s %d version %d", asked.Kind, asked.Value, asked.Expected, got.Outcome, got.Value, got.Version)
	},
}

func main() {
	syncReads := flag.Bool("sync-reads", false, "reads after sync count as well")
	picture := flag.String("picture", "", "where to draw a history that is not linearizable")
	flag.Parse()
	histories, err := read(flag.Arg(0), *syncReads)
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	keys := make([]string, 0, len(histories))
	for key := range histories {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	code := 0
	for _, key := range keys {
		result, info := porcupine.CheckOperationsVerbose(model, histories[key], timeout)
		fmt.Printf("%s: %d operations, %s\n", key, len(histories[key]), result)
		if result == porcupine.Ok {
			continue
		}
		code = 2
		if result == porcupine.Illegal {
			code = 1
		}
		if *picture != "" {
			if err := porcupine.VisualizePath(model, info, *picture); err != nil {
				fmt.Println(err)
			}
		}
		break
	}
	os.Exit(code)
}

func read(name string, syncReads bool) (map[string][]porcupine.Operation, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	histories := map[string][]porcupine.Operation{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var one entry
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, err
		}
		isRead := one.Kind == "read"
		if isRead && (one.Outcome == "unknown" || one.IsSync && !syncReads) {
			continue
		}
		returned := one.ReturnUs
		if one.Outcome == "unknown" {
			// It may take effect at any later time, or never.
			returned = math.MaxInt64
		}
		operation := porcupine.Operation{ClientId: one.Client, Input: one.input, Call: one.CallUs, Output: one.output, Return: returned}
		histories[one.Key] = append(histories[one.Key], operation)
	}
	return histories, lines.Err()
}
