package main_test

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// benchSizes are how many files there are; SCALE=full has ten million too.
func benchSizes() []int {
	if os.Getenv("SCALE") == "full" {
		return []int{10_000, 100_000, 1_000_000, 10_000_000}
	}
	return []int{10_000, 100_000, 1_000_000}
}

// BenchmarkPublish has peers publish files in one stream each, until all are on the disk and can be found.
func BenchmarkPublish(b *testing.B) {
	for _, files := range benchSizes()[1:] {
		for _, peers := range []int{1, benchPeers} {
			b.Run(fmt.Sprintf("files=%d/peers=%d", files, peers), func(b *testing.B) {
				var took time.Duration
				for b.Loop() {
					n := benchNode(b, b.TempDir())
					n.waitFor("listening")
					took += publishAll(b, n.address, files, peers)
					n.until(func(s status) bool { return s.Catalog.Copies == files })
					n.signal(syscall.SIGKILL)
					n.exit()
				}
				b.ReportMetric(float64(files*b.N)/took.Seconds(), "files/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// BenchmarkMemory is what the process holds of a directory, and what it keeps once everybody has logged out.
func BenchmarkMemory(b *testing.B) {
	const files = 1_000_000
	var with, without, empty int
	for b.Loop() {
		n := benchNode(b, b.TempDir())
		n.waitFor("listening")
		empty = n.settledMemory()
		publishAll(b, n.address, files, benchPeers)
		with = n.settledMemory()
		require.NoError(b, crowd(benchPeers, 10, func(i int) error {
			p, err := loginAt(n.address, i)
			if err != nil {
				return err
			}
			defer p.conn.Close()
			if _, err = io.WriteString(p.conn, "LOGO"+p.id); err == nil {
				_, err = io.ReadFull(p.in, make([]byte, 7))
			}
			return err
		}))
		n.until(func(s status) bool { return s.Catalog.Copies == 0 })
		without = n.settledMemory()
		n.signal(syscall.SIGKILL)
		n.exit()
	}
	b.ReportMetric(float64(with)/(1<<20), "MiB-resident")
	b.ReportMetric(float64(with-empty)/files, "B/file")
	b.ReportMetric(float64(without)/(1<<20), "MiB-logged-out")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFind searches directories of several sizes, one search after the other.
func BenchmarkFind(b *testing.B) {
	for _, files := range benchSizes() {
		b.Run(fmt.Sprintf("files=%d", files), func(b *testing.B) {
			n := benchNode(b, b.TempDir())
			n.waitFor("listening")
			publishAll(b, n.address, files, benchPeers)
			for _, kind := range []struct{ name, text string }{
				{"selective", unique(files / 2)}, {"common", words[0]}, {"all", "*"}, {"one", "e"}, {"two", "ro"}, {"absent", "qqqq nowhere"},
			} {
				b.Run(kind.name, func(b *testing.B) { n.searched(b, kind.name, kind.text) })
			}
		})
	}
}

// searched measures one text, a hundred times at least unless that takes more than five seconds.
func (n *node) searched(b *testing.B, kind, text string) {
	p, err := loginAt(n.address, 0)
	require.NoError(b, err)
	defer p.conn.Close()
	var took []time.Duration
	search := func() {
		began := time.Now()
		found, err := p.find(text)
		took = append(took, time.Since(began))
		require.NoError(b, err)
		switch kind {
		case "selective":
			require.Equal(b, 1, found)
		case "absent":
			require.Zero(b, found)
		default:
			require.Greater(b, found, 1)
		}
	}
	for b.Loop() {
		search()
	}
	for began := time.Now(); len(took) < 100 && time.Since(began) < 5*time.Second; {
		search()
	}
	quantiles(b, took)
}

// BenchmarkRestart starts the program over a million files that it was killed with, or had stopped with in order.
func BenchmarkRestart(b *testing.B) {
	const files = 1_000_000
	n := benchNode(b, b.TempDir())
	n.waitFor("listening")
	publishAll(b, n.address, files, benchPeers)
	n.signal(syscall.SIGKILL)
	n.exit()
	b.Run("killed", func(b *testing.B) { restarted(b, n.dir, files) })
	stopped := benchNode(b, copyData(b, n.dir))
	stopped.until(func(s status) bool { return s.Catalog.Copies == files })
	stopped.ends(syscall.SIGTERM)
	b.Run("stopped", func(b *testing.B) { restarted(b, stopped.dir, files) })
}

// restarted measures until a search for one of the last files is answered rightly, and until the node says it is ready.
func restarted(b *testing.B, dir string, files int) {
	var answer, ready time.Duration
	for b.Loop() {
		data := copyData(b, dir)
		began := time.Now()
		n := benchNode(b, data)
		for answered, serves := false, false; !answered || !serves; {
			if !serves && n.isReady() {
				serves = true
				ready += time.Since(began)
			}
			if !answered && n.answersRight(files) {
				answered = true
				answer += time.Since(began)
			}
			require.Less(b, time.Since(began), time.Minute)
		}
		n.until(func(s status) bool { return s.Catalog.Copies == files })
		n.signal(syscall.SIGKILL)
		n.exit()
	}
	b.ReportMetric(answer.Seconds()/float64(b.N), "s/answer")
	b.ReportMetric(ready.Seconds()/float64(b.N), "s/ready")
	b.ReportMetric(0, "ns/op")
}

// answersRight says whether a peer that searches for the last file is told of it.
func (n *node) answersRight(files int) bool {
	p, err := loginAt(n.address, benchPeers-1)
	if err != nil {
		return false
	}
	defer p.conn.Close()
	found, err := p.find(unique(files - 1))
	return err == nil && found == 1
}
