package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"alakazaam/actors/port"
)

// open are the paths that answer without the token, for load balancers and whatever restarts the node: they say whether
// it runs, and no more.
var open = map[string]bool{"/healthz": true, "/readyz": true}

// SetToken has requests bring another token from now on, and says whether it is another one. A server that other machines
// reach goes on asking for the one that it has where there is to be none.
func (s *Server) SetToken(token string) (changed bool) {
	if token == "" && s.anywhere.Load() {
		return false
	}
	return *s.token.Swap(&token) != token
}

// authorize refuses what does not bring the token, and notes what did.
func (s *Server) authorize(w *response, r *http.Request) error {
	token := *s.token.Load()
	w.trusted = token == "" || bears(r, token)
	if !w.trusted {
		w.Header().Set("Connection", "close") // a stranger keeps no place
	}
	if w.trusted || open[r.URL.Path] {
		return nil
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="alakazaam"`)
	if r.Header.Get("Authorization") == "" {
		return s.refusals.refuse(r, refusedNoToken, http.StatusUnauthorized, "the token is missing: Authorization: Bearer TOKEN")
	}
	return s.refusals.refuse(r, refusedToken, http.StatusUnauthorized, "the token is wrong")
}

// bears says whether a request brings the token. How long that takes tells nothing of it.
func bears(r *http.Request, want string) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got, wanted := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(got[:], wanted[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// The reasons for which a request is refused whatever it asks for, and a connection before it asks.
const (
	refusedHost        = "host"
	refusedOrigin      = "origin"
	refusedType        = "content_type"
	refusedNoToken     = "token_missing"
	refusedToken       = "token_wrong"
	refusedConnections = "connections"
)

// refusals count and log what is refused.
type refusals struct {
	counts map[string]port.Counter
	log    logrus.FieldLogger
	gate   rate.Sometimes
	kept   atomic.Int64 // refusals that the log has not been told of
}

func newRefusals(m *Metrics, log logrus.FieldLogger) *refusals {
	if m == nil {
		m = NewMetrics(nil)
	}
	r := &refusals{counts: make(map[string]port.Counter), log: log, gate: rate.Sometimes{Interval: time.Second}}
	for _, reason := range []string{refusedHost, refusedOrigin, refusedType, refusedNoToken, refusedToken, refusedConnections} {
		r.counts[reason] = m.Counter("admin_refusals_total", "Requests and connections to the admin interface that were refused, by reason.", "reason", reason)
	}
	return r
}

// refuse makes the answer to a request that is refused.
func (r *refusals) refuse(request *http.Request, reason string, code int, message string) error {
	r.count(reason, request.RemoteAddr)
	return &Error{code, message}
}

// count counts a refusal. The log hears of it once a second at most.
func (r *refusals) count(reason, from string) {
	r.counts[reason].Add(1)
	r.kept.Add(1)
	r.gate.Do(func() {
		log := r.log.WithFields(logrus.Fields{"from": from, "reason": reason})
		if n := r.kept.Swap(0); n > 1 {
			log = log.WithField("suppressed", n-1)
		}
		log.Warn("admin request refused")
	})
}
