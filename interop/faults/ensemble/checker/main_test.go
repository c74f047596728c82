package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"
)

func judge(t *testing.T, syncReads bool, lines ...string) porcupine.CheckResult {
	t.Helper()
	file := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	histories, err := read(file, syncReads)
	if err != nil {
		t.Fatal(err)
	}
	for _, history := range histories {
		if result := porcupine.CheckOperationsTimeout(model, history, timeout); result != porcupine.Ok {
			return result
		}
	}
	return porcupine.Ok
}

const (
	write1      = `{"client":1,"key":"/r","kind":"write","value":7,"callUs":10,"outcome":"done","version":1,"returnUs":20}`
	lost1       = `{"client":1,"key":"/r","kind":"write","value":7,"callUs":10,"outcome":"unknown","returnUs":20}`
	readNew     = `{"client":2,"key":"/r","kind":"read","callUs":30,"outcome":"done","readValue":7,"version":1,"returnUs":40}`
	readOld     = `{"client":2,"key":"/r","kind":"read","callUs":30,"outcome":"done","readValue":0,"version":0,"returnUs":40}`
	readOldSync = `{"client":2,"key":"/r","kind":"read","isSync":true,"callUs":30,"outcome":"done","readValue":0,"version":0,"returnUs":40}`
	readOldLate = `{"client":2,"key":"/r","kind":"read","callUs":50,"outcome":"done","readValue":0,"version":0,"returnUs":60}`
	cas0        = `{"client":3,"key":"/r","kind":"cas","value":8,"expected":0,"callUs":30,"outcome":"done","version":1,"returnUs":40}`
	refused0    = `{"client":3,"key":"/r","kind":"cas","value":8,"expected":0,"callUs":30,"outcome":"refused","returnUs":40}`
	create0     = `{"client":1,"key":"/n","kind":"create","callUs":10,"outcome":"done","version":0,"returnUs":20}`
	create0Too  = `{"client":2,"key":"/n","kind":"create","callUs":30,"outcome":"done","version":0,"returnUs":40}`
)

func TestVerdicts(t *testing.T) {
	cases := []struct {
		name      string
		syncReads bool
		lines     []string
		want      porcupine.CheckResult
	}{
		{"a read sees the write before it", false, []string{write1, readNew}, porcupine.Ok},
		{"a read misses the write before it", false, []string{write1, readOld}, porcupine.Illegal},
		{"a read after sync misses it, where that does not count", false, []string{write1, readOldSync}, porcupine.Ok},
		{"a read after sync misses it, where that counts", true, []string{write1, readOldSync}, porcupine.Illegal},
		{"a write without an answer may be seen", false, []string{lost1, readNew}, porcupine.Ok},
		{"a write without an answer may be missing", false, []string{lost1, readOld}, porcupine.Ok},
		{"a write without an answer is seen and then gone", false, []string{lost1, readNew, readOldLate}, porcupine.Illegal},
		{"a compare-and-set of a version that was over", false, []string{write1, cas0}, porcupine.Illegal},
		{"a compare-and-set refused for a version that was over", false, []string{write1, refused0}, porcupine.Ok},
		{"a compare-and-set refused for the version that was there", false, []string{refused0}, porcupine.Illegal},
		{"a number given twice", false, []string{create0, create0Too}, porcupine.Illegal},
	}
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			if got := judge(t, one.syncReads, one.lines...); got != one.want {
				t.Fatalf("%s, expected %s", got, one.want)
			}
		})
	}
}
