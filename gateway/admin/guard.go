package admin

import (
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
)

// guard stands before every handler. A browser of this machine's user shows pages of strangers, and those can have it
// send requests here: under a name of theirs that they point to this address (so the Host has to be ours), or from
// their own origin (so there has to be none but ours). Programs that are no browsers send neither.
func (s *Server) guard(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		began := time.Now()
		w := &response{ResponseWriter: rw, control: http.NewResponseController(rw)}
		_ = w.control.SetReadDeadline(began.Add(ioTimeout)) // of a body; reading it ends the deadline
		_ = w.control.SetWriteDeadline(time.Time{})
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if err := s.admit(w, r); err != nil {
			writeError(w, err)
		} else {
			dispatch(mux, w, r)
		}
		s.Log.WithFields(logrus.Fields{
			"method": r.Method, "path": r.URL.Path, "code": w.code, "took": time.Since(began).Round(time.Microsecond).String(),
		}).Debug("admin request")
	})
}

// admit says why a request is refused, whatever it asks for.
func (s *Server) admit(w *response, r *http.Request) error {
	if !s.named(r.Host, r) {
		return s.refusals.refuse(r, refusedHost, http.StatusForbidden, fmt.Sprintf("this server is not %q (the key admin.hosts may name it so)", r.Host))
	}
	if s.foreign(r) {
		return s.refusals.refuse(r, refusedOrigin, http.StatusForbidden, "requests from other web pages are refused")
	}
	if err := s.authorize(w, r); err != nil {
		return err
	}
	if r.Method == http.MethodPost || r.ContentLength != 0 {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return s.refusals.refuse(r, refusedType, http.StatusUnsupportedMediaType, "the body has to be JSON, with Content-Type: application/json")
		}
	}
	return nil
}

// named says whether a request may ask for this server under a host. A name of a stranger's choice could lead here; the
// address at which the request arrived cannot be one.
func (s *Server) named(host string, r *http.Request) bool {
	if s.hosts[host] {
		return true
	}
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	ip, err := netip.ParseAddr(name)
	for _, h := range s.Hosts {
		if other, wrong := netip.ParseAddr(h); strings.EqualFold(h, name) || err == nil && wrong == nil && ip.Unmap() == other.Unmap() {
			return true
		}
	}
	if !s.anywhere.Load() {
		return false
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return false
	}
	return err == nil && ip.Unmap() == local.AddrPort().Addr().Unmap()
}

// foreign says whether a web page that is not this server's sent the request.
func (s *Server) foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Scheme != "http" || !s.named(u.Host, r) {
			return true
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return true
}

// dispatch has the mux answer, and puts what it says about unknown paths and methods into the form of all errors.
func dispatch(mux *http.ServeMux, w *response, r *http.Request) {
	h, pattern := mux.Handler(r)
	if pattern != "" {
		mux.ServeHTTP(w, r) // not h: this fills in the path's values
		return
	}
	caught := &errorCatcher{header: w.Header()}
	h.ServeHTTP(caught, r)
	what := "there is no " + r.URL.Path
	if caught.code == http.StatusMethodNotAllowed {
		what = fmt.Sprintf("%s does not take %s", r.URL.Path, r.Method)
	}
	writeError(w, &Error{caught.code, what})
}

// errorCatcher keeps the code of an answer and drops its text.
type errorCatcher struct {
	header http.Header
	code   int
}

func (c *errorCatcher) Header() http.Header         { return c.header }
func (c *errorCatcher) WriteHeader(code int)        { c.code = code }
func (c *errorCatcher) Write(b []byte) (int, error) { return len(b), nil }

// response is a ResponseWriter that remembers its code and gives the client a time limit for each piece.
type response struct {
	http.ResponseWriter
	control *http.ResponseController
	code    int
	trusted bool // the request brought the token, or needs none
}

// Unwrap serves http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

func (w *response) Write(b []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	_ = w.control.SetWriteDeadline(time.Now().Add(ioTimeout))
	return w.ResponseWriter.Write(b)
}
