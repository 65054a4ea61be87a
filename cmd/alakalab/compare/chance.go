package compare

import "slices"

// mostExact is how many values each side has at most for which every arrangement is counted.
const mostExact = 20

// chance is the p of the two-sided Mann-Whitney U test: twice the share of all ways to deal the values out to the two sides
// that have ranks at least as uneven as these. Values that are equal share their ranks. benchmath's test gives 0 or more than 1
// for some small samples with equal values, as counts of packets have them. ok is false where there are too many values.
func chance(a, b []float64) (p float64, ok bool) {
	if len(a) == 0 || len(b) == 0 || max(len(a), len(b)) > mostExact {
		return 0, false
	}
	all := slices.Sorted(slices.Values(append(slices.Clone(a), b...)))
	ranks := make([]int, len(all)) // twice the rank, so that shared ones are whole
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j] == all[i] {
			j++
		}
		for k := i; k < j; k++ {
			ranks[k] = i + 1 + j
		}
		i = j
	}
	sum := 0
	for _, v := range a {
		i, _ := slices.BinarySearch(all, v)
		sum += ranks[i]
	}
	// ways[n][s] is in how many ways n of the values have the sum s.
	ways := make([][]float64, len(a)+1)
	for n := range ways {
		ways[n] = make([]float64, 2*len(all)*len(a)+1)
	}
	ways[0][0] = 1
	for _, r := range ranks {
		for n := len(a); n > 0; n-- {
			for s := r; s < len(ways[n]); s++ {
				ways[n][s] += ways[n-1][s-r]
			}
		}
	}
	low, high, total := 0.0, 0.0, 0.0
	for s, n := range ways[len(a)] {
		total += n
		if s <= sum {
			low += n
		}
		if s >= sum {
			high += n
		}
	}
	return min(1, 2*min(low, high)/total), true
}
