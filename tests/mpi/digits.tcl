# The example docs/examples/digits_mlp.tcl learns the same weights on several ranks as in one process:
#
#     tclsh digits.tcl MPIRUN RANKS
source [file join [file dirname [info script]] launch.tcl]
package require torch

lassign $argv mpirun ranks
set example [file join [file dirname [info script]] .. .. docs examples digits_mlp.tcl]
set folder [exec mktemp -d]
set launched [list $mpirun -n $ranks {*}[implementationOptions $mpirun]]

proc network {file} {
    set net [torch::sequential [list [torch::linear 64 256] torch::tensor_relu [torch::linear 256 10]]]
    torch::layer_to $net cpu float64
    torch::load_state $net $file
    return $net
}

set failed [catch {
    foreach {name launcher} [list alone {} together $launched] {
        puts [exec {*}$launcher [info nameofexecutable] $example 0 [file join $folder $name] 2>@1]
    }
    set alone [torch::state_dict [network [file join $folder alone]]]
    set together [torch::state_dict [network [file join $folder together]]]
    dict for {name weight} $alone {
        set difference [torch::tensor_abs [torch::tensor_sub $weight [dict get $together $name]]]
        set distance [torch::tensor_to_list [torch::tensor_max $difference]]
        puts "$name: at most $distance apart"
        if {!($distance <= 1e-5)} {error "the weights of $ranks ranks differ"}
    }
} message]
if {$failed} {puts $message}
file delete -force $folder
exit $failed
