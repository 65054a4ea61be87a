package message

import (
	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/digest"
)

// Digesting asks the catalog for the filter of its names: it sends the parts of the whole as *FilterPart, and from then
// on, before anything else that comes of the change, a *FilterDelta or the parts of another whole for each change. Asking
// again gives another whole. A part that begins and does not go on says that the filter is not there yet.
type Digesting struct {
	ReplyTo *actor.PID
}

// Undigesting takes a Digesting back.
type Undigesting struct{}

// Undigested says that the catalog has failed and sends no more. Who still wants the filter asks again.
type Undigested struct{}

// FilterCut tells a neighbor that its link could not keep up with a filter: the other side has been told that it knows
// nothing of it any more.
type FilterCut struct {
	Link *actor.PID
}

// FilterPart brings a piece of a filter: from the catalog to the overlay, and over a link (FILT).
type FilterPart struct {
	Ref Ref // of one that came over a link
	digest.Part
	ReplyTo *actor.PID // of one that came over a link
}

// FilterDelta brings a change to a filter, the same ways (DELT).
type FilterDelta struct {
	Ref Ref // of one that came over a link
	digest.Delta
	ReplyTo *actor.PID // of one that came over a link
}
