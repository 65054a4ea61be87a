package download

import (
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/actors/text"
)

// download is the actor of one file on its way here. It asks one owner after the other until one of them gives the
// whole file, checked against its MD5.
type download struct {
	*common
	request *message.Download
	name    string // the plain name under which the file is kept
	began   time.Time
	asked   bool // whether the file is here already has been answered
	state   message.DownloadState
	salt    message.Ref // tells the answers to this instance from those to one that failed
	errs    []error     // one an owner that failed
	kept    bool
}

func newDownload(c *common, m *message.Download) *download {
	return &download{
		common: c, request: m, salt: message.Ref(c.env.Rand.Uint64()), name: text.SafeFileName(m.Name, m.File.String()),
		state: message.DownloadState{File: m.File, Name: m.Name, Owners: len(m.Owners), Expected: -1},
	}
}

// Receive implements actor.Actor.
func (d *download) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		d.began = d.env.Clock.Now()
		d.disk.Have(d.request.File, d.name, ctx.Self())
	case *port.Kept:
		d.onKept(ctx, m)
	case *message.FetchProgress:
		if d.current(m.Ref) {
			d.state.Bytes, d.state.Expected = m.Bytes, m.Expected
			d.tell(ctx)
		}
	case *message.Fetched:
		if d.current(m.Ref) {
			d.onFetched(ctx, m)
		}
	case *actor.Stopping, *actor.Restarting:
		if !d.kept {
			ctx.Send(d.routes.Gateway, &message.CancelFetch{Ref: d.ref(), ReplyTo: ctx.Self()})
			d.disk.Discard(d.request.File)
		}
	case *actor.Stopped:
	default:
		d.env.Log.Warnf("download: unexpected %T", m)
	}
}

// ref tells the answers of the owner asked now from those of earlier ones.
func (d *download) ref() message.Ref { return d.salt + message.Ref(d.state.Tried) }

func (d *download) current(ref message.Ref) bool { return d.asked && ref == d.ref() && !d.state.Ended }

// onKept hears whether the file is here: from an earlier download at first, from this one at last.
func (d *download) onKept(ctx actor.Context, m *port.Kept) {
	switch {
	case m.Err != nil && d.asked:
		d.end(ctx, fmt.Errorf("keep the file: %w", m.Err))
	case m.Path != "":
		d.kept = true
		d.state.Path = m.Path
		d.end(ctx, nil)
	default:
		d.asked = true
		d.next(ctx)
	}
}

// next asks the next owner.
func (d *download) next(ctx actor.Context) {
	if d.state.Tried >= len(d.request.Owners) {
		err := errors.Join(d.errs...)
		if err == nil {
			err = errors.New("nobody is known to have the file")
		}
		d.end(ctx, err)
		return
	}
	d.state.From = d.request.Owners[d.state.Tried]
	d.state.Tried++
	d.state.Bytes, d.state.Expected = 0, -1
	d.tell(ctx)
	ctx.Send(d.routes.Gateway, &message.Fetch{
		Ref: d.ref(), From: d.state.From, File: d.request.File, Path: d.disk.Partial(d.request.File), ReplyTo: ctx.Self(),
	})
}

func (d *download) onFetched(ctx actor.Context, m *message.Fetched) {
	if m.Err != nil {
		d.env.Log.WithFields(logrus.Fields{"md5": d.request.File.String(), "owner": d.state.From.String()}).
			WithError(m.Err).Info("download: this owner failed")
		d.errs = append(d.errs, fmt.Errorf("%s: %w", d.state.From, m.Err))
		d.next(ctx)
		return
	}
	d.state.Bytes = m.Bytes
	d.disk.Keep(d.request.File, d.name, ctx.Self())
}

// end tells the outcome. The transfers actor stops a download that has said its last word: if it stopped itself, the news
// of its end would overtake that word.
func (d *download) end(ctx actor.Context, err error) {
	d.state.Ended = true
	log := d.env.Log.WithFields(logrus.Fields{"md5": d.request.File.String(), "bytes": d.state.Bytes})
	if err != nil {
		d.state.Error = err.Error()
		log.WithError(err).Warn("download failed")
	} else {
		log.WithField("path", d.state.Path).Info("download complete")
	}
	d.tell(ctx)
}

func (d *download) tell(ctx actor.Context) {
	d.state.Elapsed = d.env.Clock.Now().Sub(d.began)
	state := d.state
	ctx.Send(ctx.Parent(), &state)
}
