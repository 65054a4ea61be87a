package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"alakazaam/actors/p2p"
)

// turns is how often target and bare server take turns in one step.
const turns = 4

// progressEvery is how often somebody is told of the progress.
const progressEvery = 200 * time.Millisecond

// run is one benchmark under way.
type run struct {
	Options
	crew   *crew
	report *Report
	target *driver
	bare   *driver // nil: there is none
	server BareServer
}

// Run carries out a benchmark and logs out everybody whom it has logged in, also where ctx ends before it is over. The
// report holds what was measured until then, and is nil only where nothing was begun. The error says why nothing could be
// measured.
func Run(ctx context.Context, o Options) (*Report, error) {
	return start(ctx, o, &network{dial: dialTCP, timeout: o.Timeout})
}

func start(ctx context.Context, o Options, n *network) (*Report, error) {
	r := &run{Options: o, report: &Report{Parameters: o.parameters()}}
	var err error
	if r.crew, err = newCrew(&r.Options, n); err != nil {
		return nil, err
	}
	defer r.crew.close()
	err = r.prepare(ctx)
	if err == nil {
		err = r.measure(ctx)
	}
	r.tell(Progress{Phase: "logging out"})
	r.report.Logouts = r.crew.logoutAll()
	if ctx.Err() != nil {
		r.report.Interrupted, err = true, nil
	}
	return r.report, err
}

func (r *run) tell(p Progress) {
	if r.Progress != nil {
		r.Progress(p)
	}
}

// prepare brings the target into the state that is measured.
func (r *run) prepare(ctx context.Context) error {
	download := r.Mix.Has(Download)
	if !r.Mix.Only(Download) || r.File == (p2p.FileID{}) {
		r.report.Logins = r.crew.loginAll(ctx, func(n int) { r.tell(Progress{Phase: "logging in", Done: int64(n)}) })
		if len(r.crew.peers) == 0 {
			return fmt.Errorf("no peer could log in at %s: %s", r.Target, r.report.Logins)
		}
	}
	if download { // before there are files that nobody has
		if err := r.crew.findFiles(ctx); err != nil {
			return err
		}
		r.report.Files = len(r.crew.files)
	}
	if r.Files > 0 && !r.Mix.Only(Download) {
		r.report.Published = r.crew.publishAll(ctx, func(n int) { r.tell(Progress{Phase: "publishing", Done: int64(n)}) })
	}
	r.target = r.driver(r.crew.do)
	if r.Bare == nil || ctx.Err() != nil {
		return nil
	}
	return r.prepareBare(ctx)
}

func (r *run) driver(do func(context.Context, request) result) *driver {
	return &driver{
		mix: r.Mix, peers: len(r.crew.peers), seed: r.Seed, arrivals: r.Arrivals, inFlight: r.InFlight, do: do, grace: r.Timeout,
	}
}

// prepareBare starts the bare server. It gives a file that is as long as the first one that the target gives.
func (r *run) prepareBare(ctx context.Context) error {
	spec := BareSpec{Operation: Login, Kept: r.Kept}
	if r.Mix.Has(Download) {
		spec.Operation = Download
		first := r.crew.do(ctx, request{op: Download})
		if first.err != nil {
			return fmt.Errorf("the file that the bare server shall give as well cannot be downloaded: %w", first.err)
		}
		spec.Size = first.in
	}
	var err error
	if r.server, err = r.Bare(spec); err != nil {
		return err
	}
	var pipes []*pipe
	if r.Kept {
		for range r.crew.peers {
			pipes = append(pipes, newPipe(r.crew.net, way{to: r.server.Addr()}))
		}
	}
	r.bare = r.driver(r.crew.doBare(pipes, r.server.Addr()))
	return nil
}

// measure goes through the steps.
func (r *run) measure(ctx context.Context) error {
	if r.server != nil {
		defer r.server.Close()
	}
	for _, l := range r.Steps {
		if ctx.Err() != nil {
			return nil
		}
		s, err := r.step(ctx, l)
		if err != nil {
			return err
		}
		if s.Seconds > 0 {
			r.report.Steps = append(r.report.Steps, s)
		}
	}
	for i := range r.report.Steps {
		if r.report.Steps[i].Answered() > 0 {
			return nil
		}
	}
	return errors.New("no request was answered")
}

// meter adds up the processor time of one party.
type meter struct {
	read    func() (time.Duration, error)
	total   float64 // seconds
	elapsed time.Duration
	err     error
}

// during runs something and counts what is used meanwhile.
func (m *meter) during(what func()) {
	from, err := m.read()
	began := time.Now()
	what()
	m.elapsed += time.Since(began)
	to, wrong := m.read()
	m.err = errors.Join(m.err, err, wrong)
	m.total += used(from, to)
}

// known is the time, or 0 where it could not be read.
func (m *meter) known() float64 {
	if m.err != nil {
		return 0
	}
	return m.total
}

// step measures one load.
func (r *run) step(ctx context.Context, l Load) (Step, error) {
	target := &meter{read: func() (time.Duration, error) {
		if r.CPU == nil {
			return 0, nil
		}
		return r.CPU(context.WithoutCancel(ctx))
	}}
	self := &meter{read: func() (time.Duration, error) { return processorTime(), nil }}
	ours := &recorder{}
	measured := func(length time.Duration) {
		self.during(func() {
			target.during(func() { r.turn(ctx, r.target, l, length, ours, l.String()) })
		})
	}
	finished := func() Step {
		s := ours.step(l, r.Mix)
		s.CPU, s.GeneratorCPU, s.Elapsed = target.known(), self.total, target.elapsed.Seconds()
		return s
	}
	r.turn(ctx, r.target, l, r.Warmup, &recorder{}, l.String()+", warming up")
	if r.bare == nil {
		measured(r.Duration)
		return finished(), nil
	}
	theirs, bare := &recorder{}, &meter{read: r.server.CPU}
	r.turn(ctx, r.bare, l, r.Warmup, &recorder{}, l.String()+", bare server warming up")
	for range turns {
		measured(r.Duration / turns)
		bare.during(func() { r.turn(ctx, r.bare, l, r.Duration/turns, theirs, l.String()+", bare server") })
	}
	s, b := finished(), theirs.step(l, r.Mix)
	s.Bare = &BareStep{Operations: b.Operations, CPU: bare.known()}
	s.Bare.compare(&s)
	return s, bare.err
}

// turn runs one driver for a time and tells of the progress.
func (r *run) turn(ctx context.Context, d *driver, l Load, length time.Duration, rec *recorder, phase string) {
	if length <= 0 || ctx.Err() != nil {
		return
	}
	d.begin(length)
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		again := time.NewTicker(progressEvery)
		defer again.Stop()
		for {
			r.tell(Progress{
				Phase: phase, Done: d.done.Load(), Failed: d.failed.Load(), InFlight: d.flying.Load(), Left: max(0, time.Until(d.end)),
			})
			select {
			case <-again.C:
			case <-over:
				return
			}
		}
	})
	d.run(ctx, l, length, rec)
	close(over)
	watch.Wait()
}
