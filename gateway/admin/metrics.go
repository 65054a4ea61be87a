package admin

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/port"
)

// prefix is the program's part of every name.
const prefix = "alakazaam_"

// Metrics is port.Metrics on a registry of Prometheus. Whoever asks for a series that cannot be (labels other than
// those with which its name came first, a counter's name for a gauge, a name that Prometheus does not know, buckets that
// do not rise) gets one that counts nothing, and the log says so once: a mistake in counting must not harm what is
// counted.
type Metrics struct {
	registry *prometheus.Registry
	log      logrus.FieldLogger

	mu       sync.Mutex
	families map[string]*family
	refused  map[string]bool // names of which the log has spoken
}

var _ port.Metrics = (*Metrics)(nil)

// family is all series of one name.
type family struct {
	kind   kind
	help   string
	labels []string // names, sorted
	// One of these, by kind.
	counters   *prometheus.CounterVec
	gauges     map[string]*gauge // by their labels' values
	histograms *prometheus.HistogramVec
}

// kind is what a series counts, as the log calls it.
type kind string

const (
	counts     kind = "counter"
	levels     kind = "gauge"
	classifies kind = "histogram"
)

// NewMetrics makes an empty set of metrics, beside those of Go and of the process. log may be nil.
func NewMetrics(log logrus.FieldLogger) *Metrics {
	if log == nil {
		silent := logrus.New()
		silent.SetOutput(io.Discard)
		log = silent
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(), log: log,
		families: make(map[string]*family), refused: make(map[string]bool),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler serves the metrics in Prometheus' formats.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: errorLog{m.log}, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: ioTimeout,
	})
}

// Counter implements port.Metrics.
func (m *Metrics) Counter(name, help string, labels ...string) port.Counter {
	f, values, err := m.family(counts, name, help, nil, labels)
	if err == nil {
		var c prometheus.Counter
		if c, err = f.counters.GetMetricWith(values); err == nil {
			return counter{c}
		}
	}
	m.refuse(name, err)
	return nothing{}
}

// Gauge implements port.Metrics.
func (m *Metrics) Gauge(name, help string, labels ...string) port.Gauge {
	f, values, err := m.family(levels, name, help, nil, labels)
	if err == nil {
		var g *gauge
		if g, err = m.gauge(f, name, values); err == nil {
			return g
		}
	}
	m.refuse(name, err)
	return nothing{}
}

// gauge finds or makes a series of a family of gauges.
func (m *Metrics) gauge(f *family, name string, values prometheus.Labels) (*gauge, error) {
	key := fmt.Sprintf("%q", values) // in the order of the names
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := f.gauges[key]; g != nil {
		return g, nil
	}
	g := &gauge{}
	read := func() float64 { return float64(g.n.Load()) }
	err := m.registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + name, Help: f.help, ConstLabels: values}, read))
	if err != nil {
		return nil, err
	}
	f.gauges[key] = g
	return g, nil
}

// Histogram implements port.Metrics.
func (m *Metrics) Histogram(name, help string, buckets []float64, labels ...string) port.Histogram {
	f, values, err := m.family(classifies, name, help, buckets, labels)
	if err == nil {
		var h prometheus.Observer
		if h, err = f.histograms.GetMetricWith(values); err == nil {
			return histogram{h}
		}
	}
	m.refuse(name, err)
	return nothing{}
}

// family finds or makes the family of a name, and takes the labels apart.
func (m *Metrics) family(k kind, name, help string, buckets []float64, labels []string) (*family, prometheus.Labels, error) {
	values := make(prometheus.Labels, len(labels)/2)
	var names []string
	for i := 0; i+1 < len(labels); i += 2 {
		values[labels[i]] = labels[i+1]
		names = append(names, labels[i])
	}
	slices.Sort(names)
	if len(labels)%2 != 0 || len(values) != len(names) {
		return nil, nil, fmt.Errorf("labels have to be names and values, each name once, not %q", labels)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.families[name]
	if f == nil {
		var err error
		if f, err = m.register(k, name, help, buckets, names); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case !slices.Equal(f.labels, names):
		return nil, nil, fmt.Errorf("the labels are %q elsewhere, and %q here", f.labels, names)
	case f.kind != k:
		return nil, nil, fmt.Errorf("it is a %s in one place and a %s in another", f.kind, k)
	}
	return f, values, nil
}

func (m *Metrics) register(k kind, name, help string, buckets []float64, labels []string) (*family, error) {
	f := &family{kind: k, help: help, labels: labels}
	var err error
	switch k {
	case counts:
		f.counters = prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
		err = m.registry.Register(f.counters)
	case levels:
		f.gauges = make(map[string]*gauge) // which register one by one
	case classifies:
		if err := checkBuckets(buckets, labels); err != nil {
			return nil, err
		}
		f.histograms = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}, labels)
		err = m.registry.Register(f.histograms)
	}
	if err != nil {
		return nil, err
	}
	m.families[name] = f
	return f, nil
}

// checkBuckets refuses what Prometheus would panic at.
func checkBuckets(buckets []float64, labels []string) error {
	for i, b := range buckets {
		if math.IsNaN(b) || i > 0 && b <= buckets[i-1] {
			return fmt.Errorf("the buckets do not rise: %v", buckets)
		}
	}
	if slices.Contains(labels, "le") {
		return errors.New(`the label "le" is that of the buckets`)
	}
	return nil
}

// refuse logs once a name that something is not counted under.
func (m *Metrics) refuse(name string, err error) {
	m.mu.Lock()
	said := m.refused[name]
	m.refused[name] = true
	m.mu.Unlock()
	if !said {
		m.log.WithField("metric", prefix+name).WithError(err).Error("a metric cannot be counted")
	}
}

// counter never goes down: Prometheus panics where one does.
type counter struct{ c prometheus.Counter }

func (c counter) Add(n int) {
	if n > 0 {
		c.c.Add(float64(n))
	}
}

// gauge is a whole number, which costs one atomic addition to change; Prometheus' own, of which every message would
// change two, tries again and again where several change it at once.
type gauge struct{ n atomic.Int64 }

func (g *gauge) Add(n int) { g.n.Add(int64(n)) }
func (g *gauge) Set(n int) { g.n.Store(int64(n)) }

type histogram struct{ h prometheus.Observer }

// Observe takes no value that is no number: it would spoil the sum for ever.
func (h histogram) Observe(v float64) {
	if !math.IsNaN(v) {
		h.h.Observe(v)
	}
}

// nothing counts nothing.
type nothing struct{}

func (nothing) Add(int)         {}
func (nothing) Set(int)         {}
func (nothing) Observe(float64) {}

// errorLog implements promhttp.Logger.
type errorLog struct{ log logrus.FieldLogger }

func (l errorLog) Println(v ...any) { l.log.WithField("lib", "prometheus").Error(fmt.Sprint(v...)) }
