package disk_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alakazaam/actors/port"
)

// Whatever happens in the share, in whatever order and however fast, in the end the owner knows what is there.
func TestRandomChanges(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			k := newKit(t)
			r := rand.New(rand.NewPCG(seed, 0))
			k.Watch(k.pid)
			for i := range 300 {
				k.disturb(r, i)
				if r.IntN(10) == 0 {
					k.take(time.Duration(r.IntN(30)) * time.Millisecond)
				}
			}
			k.expect(k.there()...)
		})
	}
}

// name is one of few paths, so that they meet.
func (k *kit) name(r *rand.Rand, depth int) string {
	parts := []string{k.ShareDir}
	for range 1 + r.IntN(depth) {
		parts = append(parts, string(rune('a'+r.IntN(3))))
	}
	return filepath.Join(parts...)
}

// disturb does something to the share; much of it fails, which is as good.
func (k *kit) disturb(r *rand.Rand, i int) {
	path, other := k.name(r, 4), k.name(r, 4)
	switch r.IntN(8) {
	case 0, 1, 2:
		os.MkdirAll(filepath.Dir(path), 0o755)
		os.WriteFile(path, fmt.Append(nil, "content ", i%20), 0o644)
	case 3:
		os.MkdirAll(path, 0o755)
	case 4, 5:
		os.Rename(path, other)
	case 6:
		os.Remove(path)
	case 7:
		if strings.Count(path, "/") > strings.Count(k.ShareDir, "/")+1 {
			os.RemoveAll(path)
		}
	}
}

// there lists what is in the share.
func (k *kit) there() (files []port.SharedFile) {
	filepath.WalkDir(k.ShareDir, func(path string, d fs.DirEntry, _ error) error {
		if d.Type().IsRegular() {
			text, _ := os.ReadFile(path)
			files = append(files, shared(path, string(text)))
		}
		return nil
	})
	return files
}
