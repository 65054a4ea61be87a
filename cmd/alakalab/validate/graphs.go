package validate

import (
	"fmt"
	"math/rand/v2"

	"alakazaam/cmd/alakalab/experiment"
)

// giant is which share of the survivors is in the largest component of a random 4-regular graph of which a share q
// survives: 1 − u⁴, where u is the smallest solution of u = 1 − q + qu³, to which the iteration from 0 leads.
func giant(q float64) float64 {
	u := 0.0
	for range 10_000 {
		u = 1 - q + q*u*u*u
	}
	return 1 - u*u*u*u
}

func percolation() *Row {
	return &Row{
		Number: 5, Name: "Percolation: share of the survivors in the largest component, 1 − u⁴ with u = 1 − q + qu³",
		Source: "Cohen, Erez, ben-Avraham, Havlin, PRL 85, 2000",
		How:    "the laboratory's random 4-regular graphs and its measure of the overlay, after as many supernodes were drawn and taken away",
		measure: func(b *bench) error {
			n := b.pick(20_000, 2000)
			for _, removed := range []int{30, 50} {
				shares, err := b.percolate(n, removed)
				if err != nil {
					return err
				}
				b.near(fmt.Sprintf("%d %% removed, N = %d", removed, n), giant(1-float64(removed)/100), shares)
			}
			// Below the threshold of a third the law gives 0 for a network without end. In one that has an end the largest
			// component grows like log N, so its share falls nearly as N rises; at the threshold it would be by N^(-1/3).
			small, err := b.percolate(n, 70)
			if err != nil {
				return err
			}
			large, err := b.percolate(8*n, 70)
			if err != nil {
				return err
			}
			m, _ := mean(small)
			b.below(fmt.Sprintf("70 %% removed (0 without end), N = %d against half of N = %d", 8*n, n), m/2, large)
			return nil
		},
	}
}

// percolate gives the share of the largest component with each seed.
func (b *bench) percolate(n, removed int) (shares []float64, err error) {
	err = b.overSeeds(fmt.Sprintf("%d %% of %d removed", removed, n), func(seed uint64) error {
		edges, err := b.Graph(experiment.Supernodes{Count: n, Graph: &experiment.RandomRegular{Degree: 4}}, seed)
		if err != nil {
			return err
		}
		up := make([]bool, n)
		for _, i := range rand.New(experiment.Source(seed, "removed")).Perm(n)[n*removed/100:] {
			up[i] = true
		}
		share, _ := b.Largest(edges, up)
		shares = append(shares, share)
		return nil
	})
	return shares, err
}
