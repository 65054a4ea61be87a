// Package download fetches files from other peers. The transfers actor decides how many downloads run at once and
// remembers how the last ones ended; each download is an actor below it.
//
// A download that fails is restarted and looks first whether its file is there already; after too many failures it
// ends, and whoever began it is told.
package download

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// remembered is how many downloads that ended are still listed.
const remembered = 100

// Props makes the transfers actor.
func Props(env *props.Env, disk port.Disk, live *config.Live, routes *message.Routes) *actor.Props {
	shared := &common{env: env, disk: disk, routes: routes}
	const help = "Transfers that ended, by direction and result."
	return env.Make("transfers", func() actor.Actor {
		return &transfers{
			common: shared, config: live, entries: make(map[p2p.FileID]*entry),
			ok:     env.Metrics.Counter("transfers_total", help, "direction", "in", "result", "ok"),
			failed: env.Metrics.Counter("transfers_total", help, "direction", "in", "result", "failed"),
			bytes:  env.Metrics.Counter("transfer_bytes_total", "Bytes of files, by direction; those of an upload are counted when it ends.", "direction", "in"),
		}
	}, props.Rule{Kind: "download", Action: props.Restart, Restarts: 10, Within: 10 * time.Second, Last: props.LastStop})
}

// common is what all downloads of a node share.
type common struct {
	env    *props.Env
	disk   port.Disk
	routes *message.Routes
}

type transfers struct {
	*common
	config  *config.Live
	entries map[p2p.FileID]*entry
	order   []*entry // as they were asked for
	running int

	ok, failed, bytes port.Counter
}

// entry is one download as the transfers actor knows it.
type entry struct {
	request *message.Download
	waiting []*message.Download // whoever else asks for the same file
	again   []*message.Download // whoever asks for it anew before its actor is gone
	pid     *actor.PID          // nil: it waits for its turn, or has ended
	state   message.DownloadState
}

// Receive implements actor.Actor.
func (t *transfers) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *message.Download:
		t.onDownload(ctx, m)
	case *message.DownloadState:
		t.onState(ctx, m)
	case *message.CancelDownload:
		t.onCancel(ctx, m)
	case *actor.Terminated:
		t.onTerminated(ctx, m.Who)
	case *message.Inspect:
		ctx.Send(m.ReplyTo, t.status())
	case *actor.Restarting, *actor.Stopping:
		t.fail(ctx)
	case *actor.Started, *actor.Stopped:
	default:
		t.env.Log.Warnf("transfers: unexpected %T", m)
	}
}

// onDownload begins a download, puts it behind those that run, or joins one of the same file.
func (t *transfers) onDownload(ctx actor.Context, m *message.Download) {
	if e := t.entries[m.File]; e != nil && !e.state.Ended {
		e.waiting = append(e.waiting, m)
		t.tell(ctx, e)
		return
	} else if e != nil && e.pid != nil {
		e.again = append(e.again, m) // it has ended, and its actor is about to
		return
	}
	t.forget(m.File)
	e := &entry{request: m, state: message.DownloadState{
		File: m.File, Name: m.Name, Owners: len(m.Owners), Expected: -1,
	}}
	t.entries[m.File] = e
	t.order = append(t.order, e)
	t.prune()
	t.tell(ctx, e)
	t.next(ctx)
}

// next begins downloads while there is room.
func (t *transfers) next(ctx actor.Context) {
	for _, e := range t.order {
		if limit := t.config.Get().Transfer.Downloads; limit > 0 && t.running >= limit {
			return
		}
		if e.pid != nil || e.state.Ended {
			continue
		}
		request := e.request
		pid, err := ctx.SpawnNamed(
			t.env.Make("download", func() actor.Actor { return newDownload(t.common, request) }),
			"download/"+request.File.String())
		if err != nil {
			panic(err) // onDownload waits for the actor of an earlier download of the same file
		}
		e.pid = pid
		t.running++
	}
}

// onState passes a download's state on to whoever wants the file.
func (t *transfers) onState(ctx actor.Context, m *message.DownloadState) {
	e := t.entries[m.File]
	if e == nil || e.pid == nil || e.state.Ended {
		return
	}
	t.bytes.Add(int(max(0, m.Bytes-e.state.Bytes)))
	e.state = *m
	if m.Ended {
		t.count(m.Error == "")
		ctx.Stop(e.pid)
	}
	t.tell(ctx, e)
}

func (t *transfers) count(ok bool) {
	if ok {
		t.ok.Add(1)
		return
	}
	t.failed.Add(1)
}

func (t *transfers) tell(ctx actor.Context, e *entry) {
	for _, m := range append([]*message.Download{e.request}, e.waiting...) {
		if m.ReplyTo != nil {
			state := e.state
			state.Ref = m.Ref
			ctx.Send(m.ReplyTo, &state)
		}
	}
}

func (t *transfers) onCancel(ctx actor.Context, m *message.CancelDownload) {
	e := t.entries[m.File]
	if e == nil || e.state.Ended {
		return
	}
	if e.pid != nil {
		ctx.Stop(e.pid)
	}
	t.end(ctx, e, "cancelled")
}

// onTerminated makes room for the next download. One that ended without a last word failed for good.
func (t *transfers) onTerminated(ctx actor.Context, who *actor.PID) {
	i := slices.IndexFunc(t.order, func(e *entry) bool { return e.pid != nil && e.pid.Id == who.Id })
	if i < 0 {
		return
	}
	e := t.order[i]
	e.pid = nil
	t.running--
	if !e.state.Ended {
		t.end(ctx, e, "the download failed; the log says why")
	}
	t.next(ctx)
	for _, m := range e.again {
		t.onDownload(ctx, m)
	}
}

// end closes an entry that got no last word from its actor.
func (t *transfers) end(ctx actor.Context, e *entry, why string) {
	e.state.Ended, e.state.Error = true, why
	t.count(false)
	t.tell(ctx, e)
}

func (t *transfers) fail(ctx actor.Context) {
	for _, e := range t.order {
		const why = "the node's transfers were stopped"
		if !e.state.Ended {
			t.end(ctx, e, why)
		}
		for _, m := range e.again {
			t.end(ctx, &entry{request: m, state: message.DownloadState{File: m.File, Name: m.Name, Expected: -1}}, why)
		}
	}
}

// forget drops the entry of an earlier download of the same file.
func (t *transfers) forget(id p2p.FileID) {
	if old := t.entries[id]; old != nil {
		delete(t.entries, id)
		t.order = slices.DeleteFunc(t.order, func(e *entry) bool { return e == old })
	}
}

// prune keeps the list of ended downloads short.
func (t *transfers) prune() {
	ended := 0
	for _, e := range slices.Backward(t.order) {
		if e.state.Ended && e.pid == nil {
			if ended++; ended > remembered {
				t.forget(e.request.File)
			}
		}
	}
}

func (t *transfers) status() *message.TransfersStatus {
	s := &message.TransfersStatus{Downloads: []message.DownloadState{}}
	for _, ended := range [2]bool{false, true} {
		for _, e := range t.order {
			if e.state.Ended == ended {
				s.Downloads = append(s.Downloads, e.state)
			}
		}
	}
	return s
}
