#include "nacre/nn/metric.h"
#include "nn/registry.h"

namespace nacre {

void register_accuracy_metrics();
void register_error_metrics();
void register_confusion_metrics();
void register_auc_metric();
void register_score_metrics();
void register_iou_metrics();
void register_correlation_metrics();

void register_metrics() {
  register_class<Sum>();
  register_class<Mean>();
  register_accuracy_metrics();
  register_error_metrics();
  register_confusion_metrics();
  register_auc_metric();
  register_score_metrics();
  register_iou_metrics();
  register_correlation_metrics();
  register_loss_aliases("metrics");
  ClassRegistry& registry = ClassRegistry::of("metrics");
  registry.add_alias("rmse", "RootMeanSquaredError");
  registry.add_alias("RMSE", "RootMeanSquaredError");
  registry.add_alias("logcosh", "LogCoshError");
  registry.add_alias("log_cosh", "LogCoshError");
}

}  // namespace nacre
