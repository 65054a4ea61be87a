package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is why a context has ended: a signal came.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return i.signal.String() }

// interruptible gives a context that ends with the first signal to end. The second one ends the program as if nobody had
// asked for signals.
func (a *app) interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := a.signals
	if signals == nil {
		signals = make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	}
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			number, _ := s.(syscall.Signal)
			cancel(interrupted{number})
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, func() { cancel(nil) }
}

// interruption is how the program ends when a signal has ended the context: with the code that a shell gives to a program
// that a signal has ended. nil where none has.
func interruption(ctx context.Context) error {
	var i interrupted
	if errors.As(context.Cause(ctx), &i) {
		return &exitError{code: 128 + int(i.signal), err: fmt.Errorf("%w: what had come of it by then is kept", i)}
	}
	return nil
}
