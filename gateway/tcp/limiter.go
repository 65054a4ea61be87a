package tcp

import (
	"context"
	"sync/atomic"

	"golang.org/x/time/rate"

	"alakazaam/config"
)

// limiter shares a rate among all files that go one way. The rate may change at any time.
type limiter struct {
	bucket *rate.Limiter
	piece  atomic.Int64 // bytes to move at once, about a twentieth of a second of the rate, so that several files share it evenly
}

const (
	bigPiece   = 256 << 10
	smallPiece = 512
)

func newLimiter(r config.Rate) *limiter {
	l := &limiter{bucket: rate.NewLimiter(rate.Inf, bigPiece)}
	l.set(r)
	return l
}

// set changes the rate; 0 sets no limit.
func (l *limiter) set(r config.Rate) {
	if r <= 0 {
		l.bucket.SetLimit(rate.Inf)
		l.piece.Store(bigPiece)
		return
	}
	piece := min(max(r/20, smallPiece), bigPiece)
	l.piece.Store(int64(piece))
	l.bucket.SetBurst(int(piece))
	l.bucket.SetLimit(rate.Limit(r))
}

// most is how many bytes should be moved before wait is called.
func (l *limiter) most() int { return int(l.piece.Load()) }

// wait returns when n bytes may be moved, or when ctx ends.
func (l *limiter) wait(ctx context.Context, n int) error {
	for n > 0 {
		part := min(n, l.most())
		if err := l.bucket.WaitN(ctx, part); err != nil {
			if ctx.Err() == nil {
				continue // the rate changed meanwhile
			}
			return err
		}
		n -= part
	}
	return nil
}
