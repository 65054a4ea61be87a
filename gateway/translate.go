package gateway

import (
	"fmt"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// packetOf is the packet that says what a message says.
func packetOf(m any) (wire.Packet, error) {
	switch m := m.(type) {
	case *message.Supe:
		return &wire.Supe{ID: m.ID, Origin: m.Origin, TTL: m.TTL}, nil
	case *message.Asup:
		return &wire.Asup{ID: m.ID, Supernode: m.Supernode}, nil
	case *message.Quer:
		return &wire.Quer{ID: m.ID, Origin: m.Origin, TTL: m.TTL, Text: m.Text}, nil
	case *message.Aque:
		return &wire.Aque{ID: m.ID, Owner: m.Hit.Owner, File: m.Hit.File, Name: m.Hit.Name}, nil
	case *message.Done:
		return &wire.Done{ID: m.ID, Complete: m.Complete}, nil
	case *message.PublishOne:
		if m.Change.Withdraw {
			return &wire.Deff{Session: m.Session, File: m.Change.File}, nil
		}
		return &wire.Adff{Session: m.Session, File: m.Change.File, Name: m.Change.Name}, nil
	case *message.Login:
		return &wire.Logi{Endpoint: m.Endpoint}, nil
	case *message.Logout:
		return &wire.Logo{Session: m.Session}, nil
	case *message.Ping:
		return &wire.Ping{ID: m.ID}, nil
	case *message.Find:
		return &wire.Find{Session: m.Session, Text: m.Text}, nil
	}
	if p := filterPacket(m); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%T has no packet", m)
}

// replyOf is the message that says what an answering packet says, if it answers the command that was asked.
func replyOf(p wire.Packet, asked wire.Command, ref message.Ref) (any, error) {
	switch p := p.(type) {
	case *wire.Algi:
		if asked == wire.LOGI {
			return &message.LoggedIn{Ref: ref, Session: p.Session}, nil
		}
	case *wire.Algo:
		if asked == wire.LOGO {
			return &message.LoggedOut{Ref: ref, Deleted: p.Deleted}, nil
		}
	case *wire.Pong:
		if asked == wire.PING {
			return &message.Pong{Ref: ref, ID: p.ID, Uptime: p.Uptime, Sessions: p.Sessions, Files: p.Files}, nil
		}
	case *wire.Nack:
		return nil, fmt.Errorf("%s: %w: code %d", asked, message.ErrNotServed, p.Code)
	case *wire.Afin:
		if asked == wire.FIND {
			return &message.Found{Ref: ref, Results: resultsOf(p)}, nil
		}
	}
	return nil, fmt.Errorf("%s was answered with %s", asked, p.Command())
}

func afinOf(results []message.Result) *wire.Afin {
	a := &wire.Afin{Entries: make([]wire.AfinEntry, len(results))}
	for i, r := range results {
		a.Entries[i] = wire.AfinEntry{File: r.File, Name: r.Name, Copies: r.Owners}
	}
	return a
}

// resultsOf reads an answer the way a supernode of ours writes it: an MD5 stands once and an owner once below it.
func resultsOf(a *wire.Afin) []message.Result {
	var out []message.Result
	at := make(map[p2p.FileID]int, len(a.Entries))
	for _, e := range a.Entries {
		i, ok := at[e.File]
		if !ok {
			i = len(out)
			at[e.File] = i
			out = append(out, message.Result{File: e.File, Name: e.Name})
		}
		out[i].Owners = append(out[i].Owners, e.Copies...)
	}
	for i := range out {
		out[i].Owners = distinct(out[i].Owners)
	}
	return out
}

func distinct(in []p2p.Endpoint) []p2p.Endpoint {
	seen := make(map[p2p.Endpoint]bool, len(in))
	out := in[:0]
	for _, e := range in {
		if !seen[e] {
			seen[e] = true
			out = append(out, e)
		}
	}
	return out
}
