package record

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Format writes a value of the metric with its unit, for people: three digits count, but numbers of things are whole where
// they are.
func (m Metric) Format(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 0):
		return strings.Replace(fmt.Sprint(v), "Inf", "∞", 1)
	case m.Unit == "s":
		return FormatSeconds(v)
	case m.Unit == "bytes":
		return formatBytes(v)
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return group(strconv.FormatInt(int64(v), 10))
	case math.Abs(v) >= 1000:
		return group(strconv.FormatInt(int64(math.Round(v)), 10))
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// FormatSeconds writes a time in the unit that suits it.
func FormatSeconds(v float64) string {
	switch a := math.Abs(v); {
	case a >= 120:
		return time.Duration(v * float64(time.Second)).Round(time.Second).String()
	case a >= 1:
		return strconv.FormatFloat(v, 'g', 3, 64) + " s"
	case a >= 1e-3:
		return strconv.FormatFloat(v*1e3, 'g', 3, 64) + " ms"
	case a == 0:
		return "0 s"
	}
	return strconv.FormatFloat(v*1e6, 'g', 3, 64) + " µs"
}

func formatBytes(v float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for math.Abs(v) >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	if v == math.Trunc(v) || math.Abs(v) >= 1000 {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64) + " " + units[i]
	}
	return strconv.FormatFloat(v, 'g', 3, 64) + " " + units[i]
}

// group puts a comma before every three digits.
func group(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
