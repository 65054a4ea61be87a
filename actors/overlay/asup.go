package overlay

// welcomes says whether a supernode answers a SUPE: always while it has at most half of the sessions that it may have,
// then less often the more it has, and never when it is full. A limit of 0 is none. spread is evenly distributed from 0
// to below 1.
func welcomes(sessions, limit int, spread float64) bool {
	if limit <= 0 || 2*sessions <= limit {
		return true
	}
	return spread < 2*(1-float64(sessions)/float64(limit))
}
