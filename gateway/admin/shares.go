package admin

import (
	"net/http"
	"path/filepath"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// SharedFile is one file that the node serves.
type SharedFile struct {
	File p2p.FileID   `json:"md5"`
	Name p2p.FileName `json:"name"`
	Size int64        `json:"size"`
	Path string       `json:"path"`
}

// Shares is the answer to GET /shares, by name.
type Shares struct {
	Files []SharedFile `json:"files"`
}

// ShareRequest is the body of POST and DELETE /shares. Paths are absolute: the server does not know where the client is.
type ShareRequest struct {
	Paths []string     `json:"paths"`
	Files []p2p.FileID `json:"files,omitempty"` // DELETE
}

// ShareAnswer is the answer to POST and DELETE /shares.
type ShareAnswer struct {
	Paths   []string `json:"paths"`   // what was shared, or is not any more
	Unknown []string `json:"unknown"` // what was named and is not there
}

func (s *Server) getShares(w *response, r *http.Request) error {
	shares, err := ask[*message.Shares](r.Context(), s, s.Routes.Share, s.Timeout, func(replyTo *actor.PID) any {
		return &message.ListShares{ReplyTo: replyTo}
	})
	if err != nil {
		return err
	}
	answer := &Shares{Files: make([]SharedFile, len(shares.Files))}
	for i, f := range shares.Files {
		answer.Files[i] = SharedFile{File: f.File, Name: f.Name, Size: f.Size, Path: f.Path}
	}
	return writeJSON(w, http.StatusOK, answer)
}

func (s *Server) postShares(w *response, r *http.Request) error {
	request, err := readShares(w, r)
	if err != nil {
		return err
	}
	if len(request.Files) > 0 {
		return badRequest("files can be taken away only")
	}
	return s.edit(w, r, &message.ShareEdit{Add: request.Paths})
}

func (s *Server) deleteShares(w *response, r *http.Request) error {
	request, err := readShares(w, r)
	if err != nil {
		return err
	}
	return s.edit(w, r, &message.ShareEdit{Remove: request.Paths, Files: request.Files})
}

func readShares(w *response, r *http.Request) (*ShareRequest, error) {
	request := &ShareRequest{}
	if err := readJSON(w, r, request); err != nil {
		return nil, err
	}
	if len(request.Paths)+len(request.Files) == 0 {
		return nil, badRequest("paths are missing")
	}
	for _, p := range request.Paths {
		if !filepath.IsAbs(p) {
			return nil, badRequest("the path %q has to be absolute", p)
		}
	}
	return request, nil
}

func (s *Server) edit(w *response, r *http.Request, m *message.ShareEdit) error {
	done, err := ask[*message.ShareEditDone](r.Context(), s, s.Routes.Share, editTimeout, func(replyTo *actor.PID) any {
		m.ReplyTo = replyTo
		return m
	})
	if err != nil {
		return err
	}
	if done.Err != nil {
		return done.Err
	}
	return writeJSON(w, http.StatusOK, &ShareAnswer{Paths: notNil(done.Paths), Unknown: notNil(done.Unknown)})
}

// notNil makes an empty list of JSON of no list.
func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
