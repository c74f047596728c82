// A receiver of traces that reads them as the OpenTelemetry Collector does, with its own package, and writes each span as a line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

type line struct {
	Service    string         `json:"service"`
	Server     any            `json:"server"`
	Scope      string         `json:"scope"`
	Name       string         `json:"name"`
	Kind       string         `json:"kind"`
	TraceID    string         `json:"traceId"`
	SpanID     string         `json:"spanId"`
	ParentID   string         `json:"parentId"`
	StartMs    int64          `json:"startMs"`
	EndMs      int64          `json:"endMs"`
	Attributes map[string]any `json:"attributes"`
}

var output sync.Mutex

func main() {
	http.HandleFunc("/v1/traces", receive)
	if err := http.ListenAndServe(os.Args[1], nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func receive(response http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	traces := ptraceotlp.NewExportRequest()
	if err == nil {
		err = traces.UnmarshalJSON(body)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "not OTLP:", err)
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	output.Lock()
	write(traces.Traces())
	output.Unlock()
	answer, _ := ptraceotlp.NewExportResponse().MarshalJSON()
	response.Header().Set("Content-Type", "application/json")
	_, _ = response.Write(answer)
}

func write(traces ptrace.Traces) {
	encoder := json.NewEncoder(os.Stdout)
	for r := 0; r < traces.ResourceSpans().Len(); r++ {
		resource := traces.ResourceSpans().At(r)
		about := resource.Resource().Attributes().AsRaw()
		service, _ := about["service.name"].(string)
		for s := 0; s < resource.ScopeSpans().Len(); s++ {
			scope := resource.ScopeSpans().At(s)
			for i := 0; i < scope.Spans().Len(); i++ {
				span := scope.Spans().At(i)
				_ = encoder.Encode(line{
					Service: service, Server: about["zookeeper.server.id"], Scope: scope.Scope().Name(), Name: span.Name(),
					Kind: span.Kind().String(), TraceID: span.TraceID().String(), SpanID: span.SpanID().String(),
					ParentID: span.ParentSpanID().String(), StartMs: span.StartTimestamp().AsTime().UnixMilli(),
					EndMs: span.EndTimestamp().AsTime().UnixMilli(), Attributes: span.Attributes().AsRaw(),
				})
			}
		}
	}
}
