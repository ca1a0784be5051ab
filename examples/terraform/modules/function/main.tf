resource "aws_lambda_function" "this" {
  function_name = var.name
  role          = var.role_arn
  filename      = var.archive
  handler       = "index.handler"
  runtime       = "python3.12"
  memory_size   = var.memory_size
  timeout       = var.timeout
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${aws_lambda_function.this.function_name}"
  retention_in_days = var.retention_days
}
