package admin

import (
	"net/http"
	"net/http/pprof"
	"time"
)

// profiles adds the handlers of net/http/pprof.
func profiles(mux *http.ServeMux) {
	for path, h := range map[string]http.HandlerFunc{
		"/debug/pprof/": pprof.Index, "/debug/pprof/cmdline": pprof.Cmdline, "/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace,
	} {
		mux.Handle("GET "+path, lasting(h))
	}
}

// lasting has a handler answer after as long as it is asked to: the time limit for the request's body is over, which the
// server would otherwise take for the client's end.
func lasting(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = w.(*response).control.SetReadDeadline(time.Time{})
		h.ServeHTTP(w, r)
	})
}
