package main

import (
	"context"
	"io"
	"os"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
)

// FailingMain is main with a node one of whose actors fails, as often as it takes to end the node, when the input ends.
func FailingMain(kind string) {
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ()}
	a.host = func(ctx context.Context, o order) error {
		h, err := begin(ctx, o)
		if err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			pid, m := panicking(kind, h.routes)
			for range 11 {
				h.system.Root.Send(pid, m)
			}
		}()
		return h.attend(ctx, func() {})
	}
	os.Exit(a.run(os.Args[1:]))
}

// panicking is an actor of a kind, and what it panics over.
func panicking(kind string, r *message.Routes) (*actor.PID, any) {
	if kind == "node" {
		return r.Node, (*message.Ready)(nil)
	}
	return r.Catalog, (*message.Update)(nil)
}
