package peer

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

func TestPause(t *testing.T) {
	require.Equal(t, time.Second, pause(1, 0))
	require.Equal(t, 8*time.Second, pause(4, 0))
	require.Equal(t, time.Minute, pause(50, 0))
	require.Equal(t, 45*time.Second, pause(50, 1))
}

// TestPublisherConverges: whatever changes, fails, arrives late, starts anew, at this supernode or another, or goes on
// where it was left, in the end the supernode knows exactly what is shared.
func TestPublisherConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPublisher()
		type knowledge map[p2p.FileID]p2p.FileName
		supernodes := [2]knowledge{{}, {}}
		left := [2]map[p2p.FileID]p2p.FileName{}
		at := 0
		shared := knowledge{}
		type sent struct {
			ref  message.Ref
			to   knowledge
			what message.Publication
		}
		var under []sent
		next := message.Ref(0)
		send := func() bool {
			c, ok := p.next()
			if !ok {
				return false
			}
			next++
			p.sent(next, c)
			under = append(under, sent{next, supernodes[at], c})
			return true
		}
		arrive := func(i int, err error) {
			s := under[i]
			under = append(under[:i:i], under[i+1:]...)
			switch {
			case err != nil:
			case s.what.Withdraw:
				delete(s.to, s.what.File)
			default:
				s.to[s.what.File] = s.what.Name
			}
			p.done(s.ref, err)
		}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			id := p2p.FileID{byte(rapid.IntRange(1, 5).Draw(t, "file"))}
			switch rapid.IntRange(0, 8).Draw(t, "step") {
			case 0:
				name := p2p.FileName(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"))
				shared[id] = name
				p.update(&message.ShareUpdate{Changes: []message.Publication{{File: id, Name: name}}})
			case 1:
				delete(shared, id)
				p.update(&message.ShareUpdate{Changes: []message.Publication{{File: id, Withdraw: true}}})
			case 2: // it has forgotten us; what is under way goes to the session that is gone
				supernodes[at] = knowledge{}
				p.adopt(nil)
			case 3, 4:
				if len(under) > 0 {
					err := rapid.SampledFrom([]error{nil, nil, errors.New("lost"), message.ErrBusy}).Draw(t, "outcome")
					arrive(rapid.IntRange(0, len(under)-1).Draw(t, "which"), err)
				}
			case 5: // it was away, and nothing was sent
				p.queue = nil
				p.resume()
			case 6:
				left[at] = p.leave()
				at = 1 - at
				p.adopt(left[at])
			default:
				send()
			}
			require.LessOrEqual(t, len(p.under), together)
		}
		for send() || len(under) > 0 {
			if len(under) > 0 {
				arrive(0, nil)
			}
		}
		require.Equal(t, shared, supernodes[at])
		require.Equal(t, map[p2p.FileID]p2p.FileName(shared), p.published)
	})
}

func TestPublisherGivesUp(t *testing.T) {
	p := newPublisher()
	p.update(&message.ShareUpdate{Changes: []message.Publication{{File: p2p.FileID{1}, Name: "a"}}})
	for i := range patience {
		c, ok := p.next()
		require.True(t, ok, "it is tried again")
		p.sent(message.Ref(i), c)
		require.Equal(t, i == patience-1, p.done(message.Ref(i), errors.New("refused")))
	}
	for range 10 {
		c, ok := p.next()
		require.True(t, ok)
		p.sent(99, c)
		p.failed = 0
		require.False(t, p.done(99, message.ErrBusy), "this node was too busy")
		require.Zero(t, p.failed)
	}
}
