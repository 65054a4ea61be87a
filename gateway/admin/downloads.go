package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// maxOwners is how many owners of a file the protocol can name.
const maxOwners = 999

// DownloadRequest is the body of POST /downloads.
type DownloadRequest struct {
	File p2p.FileID `json:"md5"`
	// Name is what the file is to be called. It may be any name that a stranger gave it: the node makes a safe one of it.
	Name string `json:"name,omitempty"`
	// Owners are asked one after the other. Nobody is asked where the file is here already.
	Owners []p2p.Endpoint `json:"owners"`
}

func (s *Server) getDownloads(w *response, r *http.Request) error {
	t, err := s.transfers(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, t)
}

func (s *Server) transfers(ctx context.Context) (*message.TransfersStatus, error) {
	return ask[*message.TransfersStatus](ctx, s, s.Routes.Transfers, s.Timeout, inspect)
}

// postDownload begins a download, or joins one of the same file, and follows it to its end: one state a line. The
// download goes on when the client stops reading; DELETE ends it.
func (s *Server) postDownload(w *response, r *http.Request) error {
	m, err := readDownload(w, r)
	if err != nil {
		return err
	}
	b := s.newInbox()
	defer b.close()
	m.ReplyTo = b.pid
	b.send(s.Routes.Transfers, m)
	state, err := await[*message.DownloadState](r.Context(), b, s.Routes.Transfers, s.Timeout)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := json.NewEncoder(w)
	for {
		if err := errors.Join(lines.Encode(state), w.control.Flush()); err != nil || state.Ended {
			return err
		}
		next, err := b.next(r.Context())
		if err != nil {
			return err
		}
		if s, ok := next.(*message.DownloadState); ok {
			state = s
		}
	}
}

func readDownload(w *response, r *http.Request) (*message.Download, error) {
	var request DownloadRequest
	if err := readJSON(w, r, &request); err != nil {
		return nil, err
	}
	if request.File == (p2p.FileID{}) {
		return nil, badRequest("md5 is missing")
	}
	if len(request.Owners) > maxOwners {
		return nil, badRequest("there are more than %d owners", maxOwners)
	}
	for _, o := range request.Owners {
		if o.IsZero() {
			return nil, badRequest("owners: %v", p2p.ErrEndpoint)
		}
	}
	m := &message.Download{File: request.File, Owners: request.Owners}
	if request.Name != "" {
		name, err := p2p.NewFileName(request.Name)
		if err != nil {
			return nil, badRequest("name: %v", err)
		}
		m.Name = name
	}
	return m, nil
}

// deleteDownload cancels a download that has not ended, and answers with how it stands then.
func (s *Server) deleteDownload(w *response, r *http.Request) error {
	file, err := p2p.ParseFileID([]byte(r.PathValue("md5")))
	if err != nil {
		return badRequest("%q is %v", r.PathValue("md5"), err)
	}
	state, err := s.download(r.Context(), file, nil)
	if err != nil {
		return err
	}
	if !state.Ended {
		cancel := &message.CancelDownload{File: file}
		if state, err = s.download(r.Context(), file, cancel); err != nil {
			return err
		}
	}
	return writeJSON(w, http.StatusOK, state)
}

// download tells how one download stands after first, if it is set, has been dealt with.
func (s *Server) download(ctx context.Context, file p2p.FileID, first any) (*message.DownloadState, error) {
	t, err := ask[*message.TransfersStatus](ctx, s, s.Routes.Transfers, s.Timeout, func(replyTo *actor.PID) any {
		if first != nil {
			s.System.Root.Send(s.Routes.Transfers, first)
		}
		return inspect(replyTo)
	})
	if err != nil {
		return nil, err
	}
	for i := range t.Downloads {
		if d := &t.Downloads[i]; d.File == file {
			return d, nil
		}
	}
	return nil, &Error{http.StatusNotFound, "there is no download of " + file.String()}
}
