// Package share is what this node serves to others: the shared files as the disk reports them, and the upload slots. The
// catalog of a supernode, or the peer actor of a peer, subscribes to the changes; connections ask it for a file and get
// a slot with it.
//
// When it fails it is restarted, has the disk look again, and tells its subscriber everything anew. Uploads under way go
// on; their slots are free again. Who waits for a slot is refused.
package share

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// What the other side of a RETR is told that cannot be served.
var (
	ErrNotShared = errors.New("Sorry, the requested file is not available anymore by the selected peer.") //nolint:staticcheck // a line of the protocol
	ErrBusy      = errors.New("Sorry, all upload slots of the selected peer are taken. Try again later.") //nolint:staticcheck // a line of the protocol
)

// errStopped is what an edit ends with whose outcome a failure of this actor has left open.
var errStopped = errors.New("the share's actor stopped")

// logEvery is the pause between two log lines on how far the look through the shared files is.
const logEvery = 5 * time.Second

// Props makes the share actor.
func Props(env *props.Env, disk port.Disk, live *config.Live, routes *message.Routes) *actor.Props {
	lives := 0
	return env.Make("share", func() actor.Actor {
		lives++
		return &share{
			again: lives > 1,
			env:   env, disk: disk, config: live, routes: routes, paths: make(map[string]port.SharedFile),
			files: make(map[p2p.FileID][]port.SharedFile), slots: newSlots(func() config.Transfer { return live.Get().Transfer }),
			level:   env.Metrics.Gauge("shared_files", "Files that this node shares."),
			uploads: env.Metrics.Counter("transfers_total", "Transfers that ended, by direction and result.", "direction", "out", "result", "ok"),
			broken:  env.Metrics.Counter("transfers_total", "Transfers that ended, by direction and result.", "direction", "out", "result", "failed"),
			bytes:   env.Metrics.Counter("transfer_bytes_total", "Bytes of files, by direction; those of an upload are counted when it ends.", "direction", "out"),
			busy:    env.Refusing("upload_slots", "upload refused: transfer.upload_slots, upload_slots_per_address or upload_queue"),
			denied:  env.Refusing("denied_file", "upload refused: access.deny or access.allow"),
		}
	})
}

type share struct {
	env    *props.Env
	disk   port.Disk
	config *config.Live
	routes *message.Routes

	paths    map[string]port.SharedFile
	files    map[p2p.FileID][]port.SharedFile // the same by content; the first of each is served
	size     int64
	progress port.ShareProgress
	logged   time.Time  // when progress was
	told     *actor.PID // the subscriber
	again    bool       // restarted: the subscriber is told everything anew once it is known again
	edits    []*message.ShareEdit
	slots    *slots

	level                  port.Gauge
	uploads, broken, bytes port.Counter
	busy, denied           *props.Limit
}

// Receive implements actor.Actor.
func (s *share) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.disk.Watch(ctx.Self())
	case *port.ShareChanged:
		s.onChanged(ctx, m)
	case *port.ShareProgress:
		s.onProgress(ctx, m)
	case *message.Subscribe:
		s.told = m.ReplyTo
		ctx.Send(s.told, &message.ShareUpdate{Reset: true, Changes: s.everything()})
	case *message.Retrieve:
		s.onRetrieve(ctx, m)
	case *message.RetrieveGone:
		if s.slots.drop(m.ReplyTo, m.Ref) == nil {
			s.next(ctx, m.ReplyTo, m.Ref) // its Serve was on the way to a connection that has ended
		}
	case *message.UploadEnded:
		s.onUploadEnded(ctx, m)
	case *overdue:
		if r := s.slots.drop(m.replyTo, m.ref); r != nil {
			s.refuse(ctx, r, ErrBusy)
		}
	case *message.ShareEdit:
		s.onEdit(ctx, m)
	case *port.ShareEdited:
		s.onEdited(ctx, m)
	case *message.ListShares:
		ctx.Send(m.ReplyTo, &message.Shares{Ref: m.Ref, Files: s.list()})
	case *message.Inspect:
		ctx.Send(m.ReplyTo, s.status())
	case *actor.Stopping, *actor.Restarting:
		s.disk.StopWatching()
		for _, e := range s.edits {
			ctx.Send(e.ReplyTo, &message.ShareEditDone{Ref: e.Ref, Err: errStopped})
		}
		for _, m := range s.slots.queue {
			ctx.Send(m.ReplyTo, &message.Serve{Ref: m.Ref, Err: ErrBusy})
		}
		s.level.Set(0)
	case *actor.Stopped:
	default:
		s.env.Log.Warnf("share: unexpected %T", m)
	}
}

// onChanged takes in what the disk reports and tells the subscriber what that changes: several paths may hold the same
// file, which is published once.
func (s *share) onChanged(ctx actor.Context, m *port.ShareChanged) {
	var changes []message.Publication
	for _, f := range m.Gone {
		if s.remove(f.Path) {
			changes = append(changes, message.Publication{File: f.File, Withdraw: true})
		}
	}
	for _, f := range m.Found {
		if old, here := s.paths[f.Path]; here && s.remove(f.Path) {
			changes = append(changes, message.Publication{File: old.File, Withdraw: true})
		}
		if s.put(f) {
			changes = append(changes, message.Publication{File: f.File, Name: f.Name})
		}
	}
	s.level.Set(len(s.files))
	if s.told != nil && len(changes) > 0 {
		ctx.Send(s.told, &message.ShareUpdate{Changes: changes})
	}
}

// onProgress notes how far the look has come. The subscriber of an instance that failed does not know of the failure;
// when the look is complete it is told how things are.
func (s *share) onProgress(ctx actor.Context, m *port.ShareProgress) {
	s.progress = *m
	s.logProgress(m)
	if !s.again || m.Files < m.TotalFiles {
		return
	}
	s.again = false
	if s.told = s.routes.Publisher(); s.told != nil { // else it is being made, and subscribes itself
		ctx.Send(s.told, &message.ShareUpdate{Reset: true, Changes: s.everything()})
	}
}

// logProgress tells every few seconds how far the look has come, and its end.
func (s *share) logProgress(m *port.ShareProgress) {
	now := s.env.Clock.Now()
	done := m.Files >= m.TotalFiles
	if !done && now.Sub(s.logged) < logEvery {
		return
	}
	s.logged = now
	log := s.env.Log.WithFields(logrus.Fields{"files": m.Files, "bytes": m.Bytes})
	if done {
		log.Info("everything shared has been looked through")
		return
	}
	log.WithFields(logrus.Fields{"of_files": m.TotalFiles, "of_bytes": m.TotalBytes}).Info("looking through what is shared")
}

// put adds a path and says whether its content is new.
func (s *share) put(f port.SharedFile) bool {
	s.paths[f.Path] = f
	s.files[f.File] = append(s.files[f.File], f)
	s.size += f.Size
	return len(s.files[f.File]) == 1
}

// remove takes a path away and says whether its content went with it.
func (s *share) remove(path string) bool {
	f, ok := s.paths[path]
	if !ok {
		return false
	}
	delete(s.paths, path)
	s.size -= f.Size
	same := slices.DeleteFunc(s.files[f.File], func(g port.SharedFile) bool { return g.Path == path })
	if len(same) > 0 {
		s.files[f.File] = same
		return false
	}
	delete(s.files, f.File)
	return true
}

// list gives the shared files by name, each content once.
func (s *share) list() []port.SharedFile {
	out := make([]port.SharedFile, 0, len(s.files))
	for _, same := range s.files {
		out = append(out, same[0])
	}
	slices.SortFunc(out, func(a, b port.SharedFile) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.File.Compare(b.File))
	})
	return out
}

func (s *share) everything() []message.Publication {
	out := make([]message.Publication, 0, len(s.files))
	for _, id := range slices.SortedFunc(maps.Keys(s.files), p2p.FileID.Compare) {
		out = append(out, message.Publication{File: id, Name: s.files[id][0].Name})
	}
	return out
}

// onRetrieve serves a file: at once if a slot is free, when one is, or not at all.
func (s *share) onRetrieve(ctx actor.Context, m *message.Retrieve) {
	if len(s.files[m.File]) == 0 {
		ctx.Send(m.ReplyTo, &message.Serve{Ref: m.Ref, Err: ErrNotShared})
		return
	}
	if !s.config.Get().Access.File(m.File) {
		s.denied.Hit("from", m.From, "file", m.File)
		ctx.Send(m.ReplyTo, &message.Serve{Ref: m.Ref, Err: ErrNotShared})
		return
	}
	now, ok := s.slots.take(m)
	switch {
	case now:
		s.serve(ctx, m)
	case ok:
		s.env.Clock.After(s.config.Get().Transfer.UploadWait, ctx.Self(), &overdue{replyTo: m.ReplyTo, ref: m.Ref})
	default:
		s.refuse(ctx, m, ErrBusy)
	}
}

// serve answers with the file, for whom a slot is held. The file may have gone while it was waited for.
func (s *share) serve(ctx actor.Context, m *message.Retrieve) {
	same := s.files[m.File]
	if len(same) == 0 {
		ctx.Send(m.ReplyTo, &message.Serve{Ref: m.Ref, Err: ErrNotShared})
		s.next(ctx, m.ReplyTo, m.Ref)
		return
	}
	ctx.Send(m.ReplyTo, &message.Serve{Ref: m.Ref, File: same[0]})
}

func (s *share) refuse(ctx actor.Context, m *message.Retrieve, err error) {
	s.busy.Hit("from", m.From)
	ctx.Send(m.ReplyTo, &message.Serve{Ref: m.Ref, Err: err})
}

func (s *share) onUploadEnded(ctx actor.Context, m *message.UploadEnded) {
	s.bytes.Add(int(m.Bytes))
	if m.Err == nil {
		s.uploads.Add(1)
	} else {
		s.broken.Add(1)
	}
	s.next(ctx, m.ReplyTo, m.Ref)
}

// next gives a slot back and serves whoever waited for it.
func (s *share) next(ctx actor.Context, replyTo *actor.PID, ref message.Ref) {
	for _, r := range s.slots.end(replyTo, ref) {
		s.serve(ctx, r)
	}
}

func (s *share) onEdit(ctx actor.Context, m *message.ShareEdit) {
	s.edits = append(s.edits, m)
	if len(s.edits) == 1 {
		s.edit(ctx)
	}
}

// edit carries out the first of the edits, one at a time.
func (s *share) edit(ctx actor.Context) {
	if m := s.edits[0]; len(m.Add) > 0 {
		s.disk.Share(m.Add, ctx.Self())
	} else {
		s.disk.Unshare(m.Remove, m.Files, ctx.Self())
	}
}

func (s *share) onEdited(ctx actor.Context, m *port.ShareEdited) {
	if len(s.edits) == 0 {
		return // asked for by an instance that failed
	}
	e := s.edits[0]
	s.edits = s.edits[1:]
	ctx.Send(e.ReplyTo, &message.ShareEditDone{Ref: e.Ref, Paths: m.Paths, Unknown: m.Unknown, Err: m.Err})
	if len(s.edits) > 0 {
		s.edit(ctx)
	}
}

func (s *share) status() *message.ShareStatus {
	return &message.ShareStatus{
		Files: len(s.files), Bytes: s.size, Uploads: len(s.slots.active), Waiting: len(s.slots.queue),
		Hashed: s.progress.Bytes, HashTotal: s.progress.TotalBytes,
	}
}
