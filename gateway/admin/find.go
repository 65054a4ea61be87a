package admin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// findSlack is what a peer's search may take longer than its window: it may have to log in again in between.
const findSlack = 10 * time.Second

// FindRequest is the body of POST /find.
type FindRequest struct {
	Text string `json:"text"`
	// How a supernode searches; "": as it is configured. A peer's supernode decides that itself.
	Strategy string `json:"strategy,omitempty"`
	// The most files that are wanted; 0: as many as the supernode gives.
	Max int `json:"max,omitempty"`
}

// FindAnswer is its answer, most copies first.
type FindAnswer struct {
	Text string `json:"text"`
	// Every answer that there is has come, and none was left out. Only a supernode can know.
	Complete bool             `json:"complete"`
	Results  []message.Result `json:"results"`
}

func (s *Server) postFind(w *response, r *http.Request) error {
	var request FindRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	find, err := s.findOf(&request)
	if err != nil {
		return err
	}
	to := s.Routes.Searches()
	if to == nil {
		return message.ErrNoSupernode
	}
	b := s.newInbox()
	defer b.close()
	find.ReplyTo = b.pid
	b.send(to, find)
	found, err := await[*message.Found](r.Context(), b, to, s.FindWindow+findSlack)
	if err != nil {
		s.giveUp(b.pid)
		return err
	}
	if found.Err != nil {
		return failure(found.Err)
	}
	return writeJSON(w, http.StatusOK, answerOf(find, found))
}

// findOf is the search that somebody asks for.
func (s *Server) findOf(request *FindRequest) (*message.Find, error) {
	text, err := p2p.NewSearchText(request.Text)
	switch {
	case err != nil:
		return nil, badRequest("text: %v", err)
	case strings.TrimSpace(request.Text) == "":
		return nil, badRequest(`text is missing; "*" finds everything`)
	case request.Max < 0:
		return nil, badRequest("max: %d is less than none", request.Max)
	case request.Strategy == "":
	case !slices.Contains(config.Strategies(), request.Strategy):
		return nil, badRequest("strategy: has to be %s", strings.Join(config.Strategies(), ", "))
	case !s.Routes.Serving():
		return nil, badRequest("strategy: this node is a peer, and its supernode decides how to search")
	}
	return &message.Find{Text: text, Strategy: request.Strategy, Limit: request.Max}, nil
}

// answerOf tells what was found. A peer's supernode knows nothing of how much is wanted, so that here is where it ends.
func answerOf(find *message.Find, found *message.Found) *FindAnswer {
	answer := &FindAnswer{Text: find.Text.String(), Complete: found.Complete, Results: found.Results}
	if answer.Results == nil {
		answer.Results = []message.Result{}
	}
	if find.Limit > 0 && len(answer.Results) > find.Limit {
		answer.Results, answer.Complete = answer.Results[:find.Limit], false
	}
	return answer
}

// giveUp ends a search that nobody waits for any more. A peer's ends by itself.
func (s *Server) giveUp(asker *actor.PID) {
	if s.Routes.Serving() {
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
