package world

import (
	"encoding/base32"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// stream is one line of the workload.
type stream struct {
	w      *World
	do     experiment.Operation
	random *rand.Rand
	rank   func() int // draws a file by popularity
	fixed  []*host    // from whom, where not everybody may; nil: all peers that are up
	busy   map[*host]bool
}

func (w *World) streams() error {
	for i, o := range w.exp.Workload {
		name := fmt.Sprintf("workload %d", i)
		s := &stream{w: w, do: o, random: w.rand(name), busy: make(map[*host]bool)}
		if o.From.Empty() || o.Rate <= 0 {
			return fmt.Errorf("workload[%d]: nobody does it", i)
		}
		if p := o.From.Peers; o.From.Supernodes != nil || len(p.Names) > 0 || p.Mode != experiment.All {
			chosen, _ := o.From.Choose(w.seed, name+" from", w.exp.Topology, w.scores)
			s.fixed = w.named(chosen)
		}
		terms := w.popular
		if f, ok := o.Do.(*experiment.Find); ok {
			terms = f.Terms
		}
		if w.exp.Content.Files == 0 {
			return fmt.Errorf("workload[%d]: there are no files (content.files)", i)
		}
		s.rank = terms.Ranks(w.exp.Content.Files, experiment.Source(w.seed, name+" terms"))
		w.sim.Do(w.exp.Time.Warmup, s.next)
	}
	return nil
}

// next has the next operation begin when it is due. The times between them are exponential.
func (s *stream) next() {
	wait := time.Duration(-math.Log(uniform(s.random)) / float64(s.do.Rate) * float64(time.Second))
	s.w.sim.Do(wait, func() {
		if s.w.since() >= s.w.exp.Time.Total() {
			return
		}
		s.begin()
		s.next()
	})
}

// begin begins one operation at a host that is up.
func (s *stream) begin() {
	h := s.pick()
	if h == nil {
		return
	}
	switch do := s.do.Do.(type) {
	case *experiment.Find:
		s.w.find(h, s.rank(), do.By == "topic", s.done(h))
	case *experiment.Download:
		s.w.download(h, int(do.Sources), s.random, s.done(h))
	case *experiment.Publish:
		file := s.rank()
		if s.random.Float64() < float64(do.Fresh) {
			file = s.w.newFile()
		}
		s.w.publish(h, file, s.done(h))
	case *experiment.Withdraw:
		if len(h.files) > 0 {
			s.w.withdraw(h, s.random.IntN(len(h.files)), s.done(h))
		}
	}
}

// pick draws who does it; nil where nobody can.
func (s *stream) pick() *host {
	from := s.w.upPeers
	if s.fixed != nil {
		from = s.fixed
	}
	if len(from) == 0 {
		return nil
	}
	for range 20 {
		if h := from[s.random.IntN(len(from))]; h.up && !h.ends && !s.busy[h] {
			return h
		}
	}
	return nil
}

// done notes that a host is busy, unless the stream is open, and gives what is called when it no longer is.
func (s *stream) done(h *host) func() {
	if s.do.OpenLoop {
		return func() {}
	}
	s.busy[h] = true
	return func() { delete(s.busy, h) }
}

// classes of popularity: the first tenth of the files, and the last half.
func (w *World) class(file int) string {
	switch n := w.exp.Content.Files; {
	case 10*file < n:
		return "popular"
	case 2*file < n:
		return "middle"
	}
	return "rare"
}

// open notes an operation that has begun.
func (w *World) open(kind string, h *host, done func()) *pending {
	w.ops++
	p := &pending{Op: record.Op{ID: w.ops, Kind: kind, Node: h.name, Intended: w.since(), Started: w.since()}, host: h, life: h.life, done: done}
	if h.home >= 0 {
		p.Supernode = w.hosts[h.home].name
	} else if h.super {
		p.Supernode = h.name
	}
	w.clerk.open[p.ID] = p
	return p
}

// find searches for a file, or for its topic.
func (w *World) find(h *host, file int, topic bool, done func()) {
	w.finds++
	p := w.open("find", h, done)
	text, files := w.files[file].text, []int{file}
	if topic {
		text, files = w.topics[file%len(w.topics)], w.alike(file)
	}
	p.Text, p.Class = text.String(), w.class(file)
	at := h.home
	if h.super {
		at = h.i
	}
	w.sequence.begin(h, at, text)
	near := func(int) bool { return false }
	if at >= 0 && w.hosts[at].up && !w.faults.cuts(h.i, at) && !w.faults.cuts(at, h.i) {
		w.reach(at, int(w.hosts[at].live.Get().Search.TTL))
		near = w.ball.near
	}
	p.promised = w.truth.promises(files, near)
	to := h.routes.Searches()
	if to == nil {
		w.clerk.end(p, record.Fail, "the node is neither peer nor supernode now")
		return
	}
	w.sim.System.Root.Send(to, &message.Find{Ref: message.Ref(p.ID), Text: text, ReplyTo: w.clerk.pid})
}

// download fetches a result of the host's latest search that found something.
func (w *World) download(h *host, sources int, r *rand.Rand, done func()) {
	p := w.open("download", h, done)
	if len(h.found) == 0 {
		w.clerk.end(p, record.Fail, "no search has found anything here")
		return
	}
	result := h.found[r.IntN(len(h.found))]
	owners := result.Owners[:min(len(result.Owners), sources)]
	p.Entry = &record.Entry{File: result.File.String(), Name: string(result.Name), Owner: w.nameOf(owners[0])}
	w.sim.System.Root.Send(h.routes.Transfers, &message.Download{
		Ref: message.Ref(p.ID), File: result.File, Name: result.Name, Owners: owners, ReplyTo: w.clerk.pid,
	})
}

// publish has a host share a file.
func (w *World) publish(h *host, file int, done func()) {
	for range w.exp.Content.Files {
		if e := w.truth.all[entryKey{file, h.i}]; e == nil || !e.shared {
			break
		}
		file = (file + 1) % w.exp.Content.Files // it has it already
	}
	e, fresh := w.truth.share(file, h.i)
	if !fresh {
		done()
		return // it has everything
	}
	p := w.open("publish", h, done)
	p.Entry = w.entry(e)
	w.clerk.entries[e] = append(w.clerk.entries[e], p)
	h.put(file)
}

// withdraw has a host take a file away.
func (w *World) withdraw(h *host, i int, done func()) {
	e := w.truth.all[entryKey{h.files[i], h.i}]
	p := w.open("withdraw", h, done)
	p.Entry = w.entry(e)
	w.clerk.settle(e, record.Info, "it was withdrawn") // a publication of it that is under way
	known := w.truth.findable(e)
	w.truth.unshare(e)
	h.remove(i)
	if !known {
		w.clerk.end(p, record.OK, "")
		return
	}
	w.clerk.entries[e] = append(w.clerk.entries[e], p)
}

func (w *World) entry(e *entry) *record.Entry {
	f := w.files[e.file]
	return &record.Entry{File: f.id.String(), Name: string(f.name), Owner: w.hosts[e.owner].name}
}

// file is one file of the world.
type file struct {
	id   p2p.FileID
	name p2p.FileName
	text p2p.SearchText // finds it and no other
	size int64
}

// alike lists the files of a file's topic.
func (w *World) alike(file int) (out []int) {
	for f := file % len(w.topics); f < len(w.files); f += len(w.topics) {
		out = append(out, f)
	}
	return out
}

// newTopic makes a word that is in the names of several files.
func (w *World) newTopic() {
	id := fileID(w.seed, -1-len(w.topics))
	text, err := p2p.NewSearchText(strings.ToLower(base32.StdEncoding.EncodeToString(id[:5])))
	if err != nil {
		panic(err) // it is short and plain
	}
	w.topics = append(w.topics, text)
}

// newFile makes a file more.
func (w *World) newFile() int {
	i := len(w.files)
	id := fileID(w.seed, i)
	// Names that have little in common, so that an index finds each as quickly as it finds real ones.
	label := strings.ToLower(base32.StdEncoding.EncodeToString(id[:10]))
	title := label
	if len(w.topics) > 0 {
		title = w.topics[i%len(w.topics)].String() + " " + label
	}
	name, err := p2p.NewFileName(title + ".bin")
	if err != nil {
		panic(err) // it is short and plain
	}
	text, err := p2p.NewSearchText(label)
	if err != nil {
		panic(err)
	}
	f := file{id: id, name: name, text: text, size: max(int64(contentHead), int64(w.sizes()))}
	w.files = append(w.files, f)
	w.truth.add(f.id)
	return i
}

// rand is a source of randomness of its own.
func (w *World) rand(name string) *rand.Rand { return rand.New(experiment.Source(w.seed, name)) }

// uniform draws from (0, 1), without its ends.
func uniform(r *rand.Rand) float64 { return (float64(r.Uint64()>>12) + 0.5) / (1 << 52) }
