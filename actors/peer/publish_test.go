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

// TestPublisherConverges: whatever changes, fails, arrives late or starts anew, in the end the supernode knows exactly
// what is shared.
func TestPublisherConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPublisher()
		supernode := map[p2p.FileID]p2p.FileName{}
		shared := map[p2p.FileID]p2p.FileName{}
		var refs []message.Ref
		next := message.Ref(0)
		send := func() bool {
			c, ok := p.next()
			if !ok {
				return false
			}
			next++
			p.sent(next, c)
			refs = append(refs, next)
			return true
		}
		arrive := func(i int, err error) {
			ref := refs[i]
			refs = append(refs[:i:i], refs[i+1:]...)
			if s := p.under[ref]; err == nil && !s.stale {
				if s.change.Withdraw {
					delete(supernode, s.change.File)
				} else {
					supernode[s.change.File] = s.change.Name
				}
			}
			p.done(ref, err)
		}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			id := p2p.FileID{byte(rapid.IntRange(1, 5).Draw(t, "file"))}
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0:
				name := p2p.FileName(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"))
				shared[id] = name
				p.update(&message.ShareUpdate{Changes: []message.Publication{{File: id, Name: name}}})
			case 1:
				delete(shared, id)
				p.update(&message.ShareUpdate{Changes: []message.Publication{{File: id, Withdraw: true}}})
			case 2:
				clear(supernode)
				p.reset()
			case 3:
				if len(refs) > 0 {
					arrive(rapid.IntRange(0, len(refs)-1).Draw(t, "which"), errors.New("lost"))
				}
			case 4:
				if len(refs) > 0 {
					arrive(rapid.IntRange(0, len(refs)-1).Draw(t, "which"), nil)
				}
			default:
				send()
			}
			require.LessOrEqual(t, len(p.under), together)
		}
		for send() || len(refs) > 0 {
			if len(refs) > 0 {
				arrive(0, nil)
			}
		}
		require.Equal(t, shared, supernode)
		require.Equal(t, shared, p.published)
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
}
