// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// detect lets upstream's reconciler find the orphans of a cluster, and frees none: the yardstick of audit.py.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/k8snetworkplumbingwg/whereabouts/pkg/logging"
	"github.com/k8snetworkplumbingwg/whereabouts/pkg/reconciler"
)

func main() {
	logging.SetLogLevel("error")
	if _, err := reconciler.NewReconcileLooperWithKubeconfig(context.Background(), os.Args[1], 120); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
