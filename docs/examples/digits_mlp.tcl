#!/usr/bin/env tclsh
# Handwritten digits of 8 x 8 pixels, told apart by a network of one hidden layer, on any number of processes.
#
#     tclsh digits_mlp.tcl ?SEED? ?WEIGHTS?
#     mpirun -n 2 tclsh digits_mlp.tcl ?SEED? ?WEIGHTS?
#
# Four fifths of the images, drawn at random, train it; the others are held out. It prints the loss of every epoch as a
# curve and the share of held-out digits that it got right, and fails below 97 %. WEIGHTS is a file for the weights, in the
# safetensors format.
#
# The weights are the same for every number of processes that divides 60, up to rounding: each batch of 60 images is shared
# out evenly, and the mean of the ranks' gradients is the gradient of the whole batch. It computes in float64, for Adam
# divides gradients by their own size: of those that are nearly 0, rounding to float32 would decide.
package require torch
source [file join [file dirname [info script]] loss_curve.tcl]
source [file join [file dirname [info script]] digits_data.tcl]

# The mean loss of an epoch, over all ranks.
proc trainEpoch {model optimizer x y share} {
    set sum 0.0
    set count 0
    torch::batches {images digits} [list $x $y] {
        torch::optimizer_zero_grad $optimizer
        set loss [torch::cross_entropy_loss [torch::layer_forward $model $images] $digits]
        torch::tensor_backward $loss
        torch::optimizer_step $optimizer
        set sum [expr {$sum + [torch::tensor_item $loss]}]
        incr count
    } -size [expr {max(1, 60 / [torch::get_world_size])}] -indices $share -dropLast 1
    torch::tensor_item [torch::distributed_all_reduce [torch::tensor_create [expr {$sum / $count}]] -operation mean]
}

proc accuracy {model x y} {
    set guesses [torch::argmax [torch::layer_forward [torch::model_eval $model] $x] 1]
    torch::tensor_item [torch::tensor_mean [torch::tensor_to [torch::eq $guesses $y] cpu float64]]
}

proc main {seed weights} {
    # Under Open MPI standard output is a terminal, for which Tcl would end lines with a carriage return as well.
    fconfigure stdout -translation lf
    # All ranks draw the same held-out images and the same initial weights.
    torch::manual_seed $seed
    lassign [readDigits [file join [file dirname [info script]] digits.npy] float64] x y
    set count [torch::tensor_numel $y]
    set heldOut [expr {$count / 5}]
    set order [torch::argsort [torch::rand $count]]
    set testing [torch::tensor_slice $order 0 0 $heldOut]
    set training [torch::tensor_slice $order 0 $heldOut $count]
    set trainingX [torch::tensor_index_select $x 0 $training]
    set trainingY [torch::tensor_index_select $y 0 $training]

    set epochs 30
    set net [torch::sequential [list [torch::linear 64 256] torch::tensor_relu [torch::linear 256 10]]]
    torch::layer_to $net cpu float64
    set parallel [torch::distributed_data_parallel $net]
    set optimizer [torch::optimizer_adamw $parallel 0.003 1.0]
    # A half period of the cosine: from the whole rate to 0.
    set schedule [torch::lr_scheduler_cosine $optimizer [expr {2 * $epochs}]]
    set losses {}
    for {set epoch 0} {$epoch < $epochs} {incr epoch} {
        set share [torch::distributed_sampler [expr {$count - $heldOut}] -seed $seed -epoch $epoch -dropLast 1]
        lappend losses [trainEpoch $parallel $optimizer $trainingX $trainingY $share]
        torch::lr_scheduler_step_update $schedule
    }

    if {[torch::get_rank] != 0} {return 0}
    lossCurve $losses
    set right [accuracy $net [torch::tensor_index_select $x 0 $testing] [torch::tensor_index_select $y 0 $testing]]
    puts [format "%.1f %% of the held-out digits are right" [expr {100 * $right}]]
    if {$weights ne ""} {torch::save_state $net $weights}
    return [expr {$right < 0.97}]
}

lassign $argv seed weights
exit [main [expr {$seed eq "" ? 0 : $seed}] $weights]
