#!/usr/bin/env tclsh
# Handwritten digits of 8 x 8 pixels, told apart by a convolutional network.
#
#     tclsh digits_cnn.tcl ?SEED? ?EPOCHS?
#
# Four fifths of the images, drawn at random, train it; the others are held out. It prints the loss of every epoch as a
# curve and the share of held-out digits that it got right, and fails below 97 %.
package require torch
source [file join [file dirname [info script]] loss_curve.tcl]
source [file join [file dirname [info script]] digits_data.tcl]

# Two convolutions, each with a normalization over the batch and a pooling that halves the sides: 8 x 8, 4 x 4, 2 x 2.
proc network {} {
    torch::sequential [list \
        [torch::dropout 0.1] [torch::conv2d 1 16 3 1 1] [torch::batchnorm2d 16] torch::tensor_relu [torch::maxpool2d 2] \
        [torch::conv2d 16 32 3 1 1] [torch::batchnorm2d 32] torch::tensor_relu [torch::maxpool2d 2] \
        [torch::flatten] [torch::dropout 0.2] [torch::linear 128 10]]
}

proc trainEpoch {net optimizer x y} {
    torch::model_train $net
    set sum 0.0
    torch::batches {images digits} [list $x $y] {
        torch::optimizer_zero_grad $optimizer
        set loss [torch::cross_entropy_loss [torch::layer_forward $net $images] $digits]
        torch::tensor_backward $loss
        torch::optimizer_step $optimizer
        set sum [expr {$sum + [torch::tensor_item $loss] * [torch::tensor_numel $digits]}]
    } -size 64 -shuffle 1
    expr {$sum / [torch::tensor_numel $y]}
}

# In evaluation dropout is off, and normalization goes by the statistics that training has kept.
proc accuracy {net x y} {
    torch::model_eval $net
    set guesses [torch::no_grad -script {torch::argmax [torch::layer_forward $net $x] 1}]
    torch::tensor_item [torch::tensor_mean [torch::tensor_to [torch::eq $guesses $y] cpu float32]]
}

proc main {seed epochs} {
    torch::manual_seed $seed
    lassign [readDigits [file join [file dirname [info script]] digits.npy] float32] x y
    set count [torch::tensor_numel $y]
    set x [torch::tensor_reshape $x [list $count 1 8 8]]
    set heldOut [expr {$count / 5}]
    set order [torch::argsort [torch::rand $count]]
    set testing [torch::tensor_slice $order 0 0 $heldOut]
    set training [torch::tensor_slice $order 0 $heldOut $count]
    set trainingX [torch::tensor_index_select $x 0 $training]
    set trainingY [torch::tensor_index_select $y 0 $training]

    set net [network]
    puts "[torch::count_parameters $net] parameters"
    set optimizer [torch::optimizer_adamw $net 0.004 0.05]
    # A half period of the cosine: from the whole rate to 0.
    set schedule [torch::lr_scheduler_cosine $optimizer [expr {2 * $epochs}]]
    set losses {}
    for {set epoch 0} {$epoch < $epochs} {incr epoch} {
        lappend losses [trainEpoch $net $optimizer $trainingX $trainingY]
        torch::lr_scheduler_step_update $schedule
    }
    lossCurve $losses
    set right [accuracy $net [torch::tensor_index_select $x 0 $testing] [torch::tensor_index_select $y 0 $testing]]
    puts [format "%.1f %% of the held-out digits are right" [expr {100 * $right}]]
    return [expr {$right < 0.97}]
}

lassign $argv seed epochs
exit [main [expr {$seed eq "" ? 0 : $seed}] [expr {$epochs eq "" ? 30 : $epochs}]]
