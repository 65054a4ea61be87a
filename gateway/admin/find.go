package admin

import (
	"net/http"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// findSlack is what a peer's search may take longer than its window: it may have to log in again in between.
const findSlack = 10 * time.Second

// FindRequest is the body of POST /find.
type FindRequest struct {
	Text string `json:"text"`
}

// FindAnswer is its answer, most copies first.
type FindAnswer struct {
	Text    string           `json:"text"`
	Results []message.Result `json:"results"`
}

func (s *Server) postFind(w *response, r *http.Request) error {
	var request FindRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	text, err := p2p.NewSearchText(request.Text)
	switch {
	case err != nil:
		return badRequest("text: %v", err)
	case strings.TrimSpace(request.Text) == "":
		return badRequest(`text is missing; "*" finds everything`)
	}
	to := s.Routes.Queries
	if to == nil {
		to = s.Routes.Peer
	}
	if to == nil {
		return errGone
	}
	b := s.newInbox()
	defer b.close()
	b.send(to, &message.Find{Text: text, ReplyTo: b.pid})
	found, err := await[*message.Found](r.Context(), b, to, s.FindWindow+findSlack)
	if err != nil {
		s.giveUp(b.pid)
		return err
	}
	if found.Err != nil {
		return failure(found.Err)
	}
	if found.Results == nil {
		found.Results = []message.Result{}
	}
	return writeJSON(w, http.StatusOK, &FindAnswer{Text: text.String(), Results: found.Results})
}

// giveUp ends a search that nobody waits for any more. A peer's ends by itself.
func (s *Server) giveUp(asker *actor.PID) {
	if s.Routes.Queries != nil {
		s.System.Root.Send(s.Routes.Queries, &message.CancelFind{ReplyTo: asker})
	}
}

// failure is the answer where the network is at fault, unless the error is one of those that have a code.
func failure(err error) error {
	for _, known := range []error{message.ErrNoSupernode, message.ErrBusy} {
		if err == known {
			return err
		}
	}
	return &Error{http.StatusBadGateway, err.Error()}
}
