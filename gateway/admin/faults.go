package admin

import (
	"encoding/json"
	"errors"
	"net/http"

	"alakazaam/actors/message"
	"alakazaam/config"
)

// Faults are a node's injected faults, which it takes from its configuration and from here.
type Faults interface {
	Ledger() []message.FaultStatus
	Add(f config.Fault) error
	Replace(all []config.Fault)
	Remove(id string) bool
}

// FaultList is the answer to every request about faults: those that are on then.
type FaultList struct {
	Faults []message.FaultStatus `json:"faults"`
	// Changeable says whether they can be changed here.
	Changeable bool `json:"changeable"`
}

// faultsRequest is the body of PUT /faults.
type faultsRequest struct {
	Faults json.RawMessage `json:"faults"`
}

func (s *Server) getFaults(w *response, _ *http.Request) error {
	list := &FaultList{Faults: []message.FaultStatus{}, Changeable: s.faultsOpen()}
	if s.Faults != nil {
		list.Faults = s.Faults.Ledger()
	}
	return writeJSON(w, http.StatusOK, list)
}

// faultsOpen says whether faults may be changed here.
func (s *Server) faultsOpen() bool { return s.Faults != nil && s.ChangeFaults }

// changing refuses what would change faults where that is not allowed.
func (s *Server) changing(h handler) handler {
	return func(w *response, r *http.Request) error {
		if !s.faultsOpen() {
			return &Error{http.StatusForbidden, "faults cannot be changed while this node runs: that takes the key admin.faults at its start"}
		}
		if err := h(w, r); err != nil {
			return err
		}
		return s.getFaults(w, r)
	}
}

func (s *Server) postFault(w *response, r *http.Request) error {
	var f config.Fault
	if err := readJSON(w, r, &f); err != nil {
		return err
	}
	if err := s.Faults.Add(f); err != nil {
		return &Error{http.StatusConflict, err.Error()}
	}
	return nil
}

func (s *Server) putFaults(w *response, r *http.Request) error {
	var request faultsRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if len(request.Faults) == 0 {
		return badRequest("faults are missing; an empty list takes all away")
	}
	all, err := config.ParseFaults(string(request.Faults))
	var wrong config.Errors
	if errors.As(err, &wrong) {
		return badRequest("%s", wrong.Error())
	}
	s.Faults.Replace(all)
	return nil
}

func (s *Server) deleteFaults(*response, *http.Request) error {
	s.Faults.Replace(nil)
	return nil
}

func (s *Server) deleteFault(_ *response, r *http.Request) error {
	if id := r.PathValue("id"); !s.Faults.Remove(id) {
		return &Error{http.StatusNotFound, "there is no fault " + id}
	}
	return nil
}
