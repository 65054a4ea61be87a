package tcp

import (
	"context"

	"golang.org/x/time/rate"

	"alakazaam/config"
)

// limiter shares a rate among all files that go one way. A nil limiter sets no limit.
type limiter struct {
	bucket *rate.Limiter
	piece  int // bytes to move at once, about a twentieth of a second of the rate, so that several files share it evenly
}

const (
	bigPiece   = 256 << 10
	smallPiece = 512
)

func newLimiter(r config.Rate) *limiter {
	if r <= 0 {
		return nil
	}
	piece := int(min(max(r/20, smallPiece), bigPiece))
	return &limiter{rate.NewLimiter(rate.Limit(r), piece), piece}
}

// most is how many bytes may be moved before wait has to be called.
func (l *limiter) most() int {
	if l == nil {
		return bigPiece
	}
	return l.piece
}

// wait returns when n bytes, at most most(), may be moved, or when ctx ends.
func (l *limiter) wait(ctx context.Context, n int) error {
	if l == nil || n == 0 {
		return nil
	}
	return l.bucket.WaitN(ctx, n)
}
