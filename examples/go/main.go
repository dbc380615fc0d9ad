// Submits metrics of which one is bad, repeats the call safely, and reads back what was stored.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	metricsv1 "example.com/metrics-example/gen/mcp/metrics/v1"
	"example.com/metrics-example/gen/mcp/metrics/v1/metricsv1connect"
)

// authenticated adds the API key to every call.
func authenticated(key string) connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
			request.Header().Set("X-API-Key", key)
			return next(ctx, request)
		}
	}
}

// call is one call of a tool.
func call(tool string, success bool, durationMs float64, value *float64) *metricsv1.Metric {
	return &metricsv1.Metric{
		Type:       "tool_execution",
		Value:      value,
		DurationMs: proto.Float64(durationMs),
		Dimensions: map[string]*structpb.Value{
			"tool_name": structpb.NewStringValue(tool),
			"success":   structpb.NewBoolValue(success),
		},
	}
}

func run(ctx context.Context) error {
	url := cmp.Or(os.Getenv("METRICS_URL"), "http://localhost:8890")
	options := connect.WithInterceptors(authenticated(os.Getenv("METRICS_API_KEY")))
	metrics := metricsv1connect.NewMetricsServiceClient(http.DefaultClient, url, options)
	query := metricsv1connect.NewQueryServiceClient(http.DefaultClient, url, options)

	// The key belongs to a service, and metrics are written in its name.
	status, err := metrics.RateLimitStatus(ctx, connect.NewRequest(&metricsv1.RateLimitStatusRequest{}))
	if err != nil {
		return err
	}
	submission := &metricsv1.SubmitRequest{
		Service: status.Msg.Service,
		Version: "1.0.0",
		Metrics: []*metricsv1.Metric{
			call("search", true, 45.2, proto.Float64(1)),
			call("fetch", false, 120, proto.Float64(1)),
			call("without a value", true, 1, nil),
		},
		// Makes the call safe to repeat, however the first one ended.
		IdempotencyKey: rand.Text(),
	}

	first, err := metrics.Submit(ctx, connect.NewRequest(submission))
	if err != nil {
		return err
	}
	fmt.Printf("stored %d, refused %d (%s)\n", first.Msg.Accepted, first.Msg.Rejected, first.Msg.RequestId)
	for _, rejection := range first.Msg.Rejections {
		fmt.Printf("  metrics[%d].%s: %s\n", rejection.Index, rejection.Field, rejection.Message)
	}

	again, err := metrics.Submit(ctx, connect.NewRequest(submission))
	if err != nil {
		return err
	}
	if !again.Msg.Duplicate {
		return fmt.Errorf("the call was stored twice")
	}
	fmt.Println("repeated: the answer of before, nothing stored twice")

	top, err := query.TopValues(ctx, connect.NewRequest(&metricsv1.TopValuesRequest{
		Dimension:  "tool",
		Types:      []string{"tool_execution"},
		Statistics: []string{"error_rate", "p95"},
	}))
	if err != nil {
		return err
	}
	fmt.Println("read back:")
	for _, row := range top.Msg.Rows {
		fmt.Printf("  %s: %g calls, error rate %g\n", row.Value, row.Statistics["count"], row.Statistics["error_rate"])
	}
	return nil
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "failed:", err)
		os.Exit(1)
	}
}
