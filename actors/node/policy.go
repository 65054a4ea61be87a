package node

import (
	"time"

	"alakazaam/actors/props"
)

// policy is what happens to the children of the node when they fail: what must live is restarted, and where that does
// not help the node ends, so that its service manager starts it afresh. It ends at once when the root actor itself
// fails: a restart would stop everything below it, and whoever is connected would be cut off all the same.
//
// The supervisors below have rules of their own, each in its package. gateway/supervision_test.go has every kind fail.
//
//	gateway   → connection  stop: the socket is gone with it
//	sessions  → session     restart, its state is in the store; 10 in 10 s, then it ends like a logout
//	overlay   → neighbor    restart; 10 in 10 s, then dropped, and brought back after a minute if it is configured
//	queries   → query       stop; who waits is told
//	transfers → download    restart from the beginning; 10 in 10 s, then it has failed
var policy = []props.Rule{
	live("gateway"),   // listens again; its connections are gone
	live("store"),     // goes on with the backend, which keeps the state
	live("sessions"),  // finds the sessions in the store
	live("catalog"),   // builds its index from the store and the share
	live("overlay"),   // starts with the configured neighbors
	live("queries"),   // pending queries are lost, who waits is told
	live("transfers"), // running downloads are lost, who waits is told
	live("share"),     // looks through the share folder again
	live("peer"),      // logs in again and gets the same session
	live("role"),      // begins to look anew, and finds in the notes how long the node has run
}

func live(kind string) props.Rule {
	return props.Rule{Kind: kind, Action: props.Restart, Restarts: 10, Within: 10 * time.Second, Last: props.LastFatal}
}
