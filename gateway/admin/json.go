package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"alakazaam/actors/message"
)

// Error is what the server answers when it cannot do what it was asked: {"error": "…"} with a code.
type Error struct {
	Code    int    `json:"-"` // of HTTP
	Message string `json:"error"`
}

func (e *Error) Error() string { return e.Message }

func badRequest(format string, args ...any) error {
	return &Error{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// handler answers a request, or says why not. An error after the answer has begun cannot be told.
type handler func(w *response, r *http.Request) error

func (s *Server) answering(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rw := w.(*response)
		if err := h(rw, r); err != nil && rw.code == 0 {
			writeError(rw, err)
		}
	})
}

// writeError answers with an error. What is the client's fault, what will pass and what is the node's trouble are told
// apart by the code.
func writeError(w *response, err error) {
	e := &Error{http.StatusInternalServerError, err.Error()}
	var known *Error
	switch {
	case errors.As(err, &known):
		e = known
	case errors.Is(err, errSilent):
		e.Code = http.StatusGatewayTimeout
	case errors.Is(err, errGone), errors.Is(err, message.ErrNoSupernode), errors.Is(err, context.Canceled):
		e.Code = http.StatusServiceUnavailable
	case errors.Is(err, message.ErrBusy):
		e.Code = http.StatusTooManyRequests
	}
	_ = writeJSON(w, e.Code, e)
}

func writeJSON(w *response, code int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, err = w.Write(append(b, '\n'))
	return err
}

// readJSON reads the body, which has to be one JSON value with no keys but those of v.
func readJSON(w *response, r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.Join(more, errors.New("something comes after the first value"))
		}
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return &Error{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", tooLong.Limit)}
	case errors.Is(err, io.EOF):
		return badRequest("the body is empty")
	case err != nil:
		return badRequest("the body cannot be read: %v", err)
	}
	// From here on the connection is read only to learn whether the client has gone, for as long as the answer takes.
	_ = w.control.SetReadDeadline(time.Time{})
	return nil
}
