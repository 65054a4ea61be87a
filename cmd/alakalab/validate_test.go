package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/validate"
)

func TestValidate(t *testing.T) {
	out, errs, code := lab(t, "", "validate", "--quick", "--row", "2,11")
	assert.Zero(t, code)
	assert.Contains(t, out, "2. Messages of a broadcast\n")
	assert.Regexp(t, `grid of 25 +56 +56 +- +\d+ +agrees\n`, out)
	assert.NotContains(t, out, "DOES NOT AGREE")
	assert.Contains(t, out, "\n2 of 2 rows agree.\n")
	assert.Contains(t, errs, "row 11: shape 0.4, seed 10\n")

	out, _, code = lab(t, "", "validate", "--quick", "--row", "11", "--json")
	assert.Zero(t, code)
	var rows []validate.Row
	require.NoError(t, json.Unmarshal([]byte(out), &rows))
	require.Len(t, rows, 1)
	assert.Equal(t, 11, rows[0].Number)
	assert.Len(t, rows[0].Lines, 6)

	_, errs, code = lab(t, "", "validate", "--row", "12")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "there is no row 12: they are 1 to 11")
}

// TestValidateDisagrees: one row that does not agree is exit code 1, and says so.
func TestValidateDisagrees(t *testing.T) {
	broken := validate.TheLab()
	broken.Median = func(experiment.Dist) float64 { return 0 }
	rows, err := chosenRows([]int{11})
	require.NoError(t, err)
	var out, errs bytes.Buffer
	a := &app{out: &out, err: &errs}
	err = a.validate(context.Background(), rows, validate.Options{Quick: true, Lab: broken}, false)
	exit := &exitError{}
	require.True(t, errors.As(err, &exit))
	assert.Equal(t, 1, exit.code)
	assert.Contains(t, out.String(), "DOES NOT AGREE")
	assert.Contains(t, out.String(), "0 of 1 rows agree.")
}

func TestValidateEndsWhenItIsTold(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	rows, err := chosenRows([]int{11})
	require.NoError(t, err)
	var out, errs bytes.Buffer
	err = (&app{out: &out, err: &errs}).validate(ctx, rows, validate.Options{Lab: validate.TheLab()}, false)
	require.ErrorIs(t, err, context.Canceled)
}
