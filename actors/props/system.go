package props

import (
	"context"
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"
)

// NewSystem makes an actor system whose own log goes to log.
func NewSystem(log logrus.FieldLogger) *actor.ActorSystem {
	return actor.NewActorSystemWithConfig(actor.Configure(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(&handler{log: log}) }),
		// The throttle of the log of dead letters leaves a goroutine behind for this long, which must not outlive a test.
		actor.WithDeadLetterThrottleInterval(time.Millisecond),
	))
}

// handler brings the framework's log records to logrus.
type handler struct {
	log   logrus.FieldLogger
	attrs []slog.Attr
}

// Enabled leaves the choice to logrus.
func (h *handler) Enabled(context.Context, slog.Level) bool { return true }

// Handle logs one record. What the framework calls information is of interest to its developers only: dead letters
// are ordinary where actors end, and recoveries are logged by guard and strategy with more detail.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	fields := logrus.Fields{"lib": "protoactor"}
	add := func(a slog.Attr) bool {
		fields[a.Key] = a.Value.String()
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	entry := h.log.WithFields(fields)
	switch {
	case r.Level >= slog.LevelError:
		entry.Error(r.Message)
	case r.Level >= slog.LevelWarn:
		entry.Warn(r.Message)
	default:
		entry.Debug(r.Message)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{log: h.log, attrs: append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup implements slog.Handler; the framework uses no groups.
func (h *handler) WithGroup(string) slog.Handler { return h }
