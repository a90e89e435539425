package release

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// encapsulate makes Dagger's UI hide what is below a span unless that fails (UIEncapsulateAttr of
// github.com/dagger/otel-go).
var encapsulate = trace.WithAttributes(attribute.Bool("dagger.io/ui.encapsulate", true))

// span begins a step in Dagger's own UI, with what it asks of the engine below it. End ends it,
// with what failed, or empty. Without an engine nobody listens, and it does nothing.
func span(ctx context.Context, name string) (_ context.Context, end func(failure string)) {
	ctx, span := otel.Tracer("dagger/ship").Start(ctx, name, encapsulate)
	return ctx, func(failure string) {
		if failure != "" {
			span.SetStatus(codes.Error, failure)
		}
		span.End()
	}
}
