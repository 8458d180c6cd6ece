# Data parallel training: gradients and weights are those of one process that has the whole batch.
source [file join [file dirname [info script]] ranks.tcl]

set rows 12
torch::manual_seed 5
set inputs [torch::randn [list $rows 6]]
set labels [torch::tensor_to [torch::remainder [torch::arange $rows] 3] cpu int64]

proc network {} {
    torch::sequential [list [torch::linear 6 16] torch::tensor_tanh [torch::linear 16 16] torch::tensor_tanh [torch::linear 16 3]]
}
proc loss {model x y} {torch::cross_entropy_loss [torch::layer_forward $model $x] $y}
proc near {what actual expected {limit 1e-5}} {
    set distance [torch::tensor_item [torch::tensor_max [torch::tensor_abs [torch::tensor_sub $actual $expected]]]]
    note $what [expr {$distance <= $limit}] "$distance away"
}
# This rank's rows: equally many on each, so that the mean of means is the mean.
proc own {x} {torch::tensor_slice $x 0 [expr {$::rank * $::rows / $::size}] [expr {($::rank + 1) * $::rows / $::size}]}

# The same weights everywhere, whatever each rank began with.
foreach bytes {1 300 26214400} {
    torch::manual_seed [expr {$rank + 100}]
    set model [network]
    set parallel [torch::distributed_data_parallel $model -bucketBytes $bytes]
    torch::manual_seed 100
    set alone [network]
    foreach p [torch::layer_parameters $model] q [torch::layer_parameters $alone] {expect "weights of rank 0, $bytes" $p $q}

    set optimizer [torch::optimizer_adam [torch::layer_parameters $parallel] 0.01]
    set reference [torch::optimizer_adam [torch::layer_parameters $alone] 0.01]
    for {set step 0} {$step < 50} {incr step} {
        torch::optimizer_zero_grad $optimizer
        torch::tensor_backward [loss $parallel [own $inputs] [own $labels]]
        torch::optimizer_zero_grad $reference
        torch::tensor_backward [loss $alone $inputs $labels]
        if {$step == 0} {
            foreach p [torch::layer_parameters $model] q [torch::layer_parameters $alone] {
                near "gradients, $bytes" [torch::tensor_grad $p] [torch::tensor_grad $q] 1e-6
            }
        }
        torch::optimizer_step $optimizer
        torch::optimizer_step $reference
    }
    foreach p [torch::layer_parameters $model] q [torch::layer_parameters $alone] {near "weights, $bytes" $p $q}
}

# Sums of several passes, averaged once.
torch::manual_seed 7
set model [network]
set parallel [torch::distributed_data_parallel $model]
torch::no_sync $parallel {torch::tensor_backward [loss $parallel [own $inputs] [own $labels]]}
set single [torch::tensor_mul [torch::tensor_grad [lindex [torch::layer_parameters $model] 0]] 1.0]
if {$size > 1} {
    set others [torch::distributed_all_gather $single]
    note "alone without averaging" [expr {![allEqual [torch::tensor_slice $others 0 0 1] [torch::tensor_slice $others 0 1 2]]}] {}
}
torch::tensor_backward [loss $parallel [own $inputs] [own $labels]]
set alone [network]
close [file tempfile file]
torch::save_state $model $file
torch::load_state $alone $file
file delete $file
torch::tensor_backward [torch::tensor_mul [loss $alone $inputs $labels] 2.0]
foreach p [torch::layer_parameters $model] q [torch::layer_parameters $alone] {
    near "accumulated" [torch::tensor_grad $p] [torch::tensor_grad $q] 1e-6
}

# Parameters that are left out are named, on every rank, and what comes after works.
set used [torch::linear 2 2]
set unused [torch::linear 2 2]
set parallel [torch::distributed_data_parallel [torch::module [list used $used unused $unused] \
    [list apply {{used unused x} {
        set y [torch::layer_forward $used $x]
        if {$::both} {set y [torch::layer_forward $unused $y]}
        return $y
    }} $used $unused]]]
set x [torch::ones {1 2}]
set both 1
torch::tensor_backward [torch::tensor_sum [torch::layer_forward $parallel $x]]
if {$size > 1} {
    set both 0
    expectError "nobody uses it" {torch::tensor_backward [torch::tensor_sum [torch::layer_forward $parallel $x]]} \
        {distributed_data_parallel: parameters without a gradient: unused.weight, unused.bias}
    set both [expr {$rank == 0}]
    expectError "some use it" {torch::tensor_backward [torch::tensor_sum [torch::layer_forward $parallel $x]]} \
        {*unused.weight (on some ranks), unused.bias (on some ranks)}
    # Different models.
    expectError "different models" {torch::distributed_data_parallel [torch::linear 2 [expr {$rank == 0 ? 2 : 3}]]} \
        {*the models of the ranks differ*}
    # The same shapes, but another layer is trained: buckets would hold gradients of different layers.
    set layers [list [torch::linear 2 2] [torch::linear 2 2]]
    torch::freeze_model [lindex $layers [expr {$rank == 0}]]
    expectError "different layers are trained" {torch::distributed_data_parallel [torch::sequential $layers]} \
        {*the models of the ranks differ*}
}
set both 1
torch::tensor_backward [torch::tensor_sum [torch::layer_forward $parallel $x]]

# Every rank has its share of one order.
set share [torch::distributed_sampler $rows -seed 3 -epoch 2]
set all [torch::distributed_all_gather $share]
expectText "shares" [lsort -integer [torch::tensor_to_list $all]] {0 1 2 3 4 5 6 7 8 9 10 11}
report
