package slowpath

import "time"

// limiter is a token bucket for each key.
type limiter[K comparable] struct {
	rate    float64 // tokens per second
	burst   float64
	buckets map[K]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter[K comparable](rate float64, burst int) *limiter[K] {
	return &limiter[K]{rate: rate, burst: float64(burst), buckets: make(map[K]bucket)}
}

// allow takes one of key's tokens, and reports whether there was one.
func (l *limiter[K]) allow(now time.Time, key K) bool {
	b, ok := l.buckets[key]
	if !ok {
		b = bucket{tokens: l.burst, at: now}
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(l.burst, b.tokens+passed.Seconds()*l.rate)
		b.at = now
	}
	allowed := b.tokens >= 1
	if allowed {
		b.tokens--
	}
	l.buckets[key] = b
	return allowed
}
